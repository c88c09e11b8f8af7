/*
 * schedule/crew.h - the other workers as the scheduler sees them: deliverers
 * with jobs, receivers with new mail.
 *
 * A job is given to the deliverer that holds an idle connection to its site,
 * else to the least loaded. When a deliverer dies its jobs come back.
 */
#ifndef SCHEDULE_CREW_H
#define SCHEDULE_CREW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "io/loop.h"
#include "ipc/messages.h"
#include "mail/envelope.h"
#include "queue/place.h"
#include "schedule/round.h"
#include "state/state.h"

struct crew;

struct crew_events {
	/* The slices in it live as long as the call. */
	void (*job_done)(struct load *, const struct msg_job_done *, void *arg);
	/* Its deliverer is gone; what became of the job nobody knows. */
	void (*job_lost)(struct load *, void *arg);
	void (*message_added)(const struct msg_message_added *, void *arg);
	void (*segment_closed)(uint64_t segment, void *arg);
	void (*receiver_gone)(unsigned number, void *arg);
	void (*flush)(struct slice domain, void *arg);
};

struct crew *crew_new(struct loop *, const struct crew_events *,
    void *arg) MUST_USE;
/* No job may be under way. */
void crew_free(struct crew **);
/* Where what deliverers want kept is kept; borrowed. NULL: nowhere. */
void crew_set_state(struct crew *, struct state *);
/* What workers say about reports that are to go out. */
struct crew_report_events {
	/* A deliverer: it is wanted by mail. */
	void (*tls_mail)(const struct msg_tls_report_mail *, void *arg);
	/* A receiver: these may have it. */
	void (*dmarc_rua)(const struct msg_dmarc_rua_told *, void *arg);
};
/* Borrowed; NULL: nobody cares. */
void crew_on_reports(struct crew *, const struct crew_report_events *,
    void *arg);
/* To one of the receivers; there must be one. */
void crew_ask_dmarc_rua(struct crew *, struct slice domain, int64_t wall_ms);
/* To one of the deliverers; there must be one. */
void crew_send_tls_report(struct crew *, struct slice domain,
    struct slice report);
/* A channel to a worker; takes the descriptor. */
void crew_peer(struct crew *, enum role, unsigned number, int fd);
unsigned crew_deliverers(const struct crew *);
unsigned crew_receivers(const struct crew *);

/*
 * Gives the load to a deliverer; there must be one. `envelope` is the whole
 * message's, of which the load's recipients are sent. What is fresh is not read
 * once more before it goes, to see whether it is sound.
 */
void crew_send(struct crew *, struct load *, const struct place *,
    const struct envelope *, bool is_fresh, int64_t mono_ms);
/* The jobs that are out are forgotten, without a word to anyone. */
void crew_abandon(struct crew *);
/* SEGMENT_FREE to one of the receivers, in turns; there must be one. */
void crew_free_segment(struct crew *, uint64_t segment);
/* Idle connections there are of no use any more. */
void crew_close_site(struct crew *, struct site *);
json_t *crew_deliverers_value(const struct crew *);
json_t *crew_receivers_value(const struct crew *);

#endif
