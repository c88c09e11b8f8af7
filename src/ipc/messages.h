/*
 * ipc/messages.h - every message between our processes.
 *
 * Each is a list of fields; ipc/codec.h makes `struct msg_NAME`, MSG_NAME (the
 * name in lower case), encoder, decoder and printer from the list. Slices in a
 * decoded message point into the channel's buffer, valid during the handler. A
 * play of each conversation stands above its messages. text and bytes are both
 * slices; text is printed in traces, bytes never are.
 */
#ifndef IPC_MESSAGES_H
#define IPC_MESSAGES_H

#include "ipc/codec.h"

/* clang-format off */

/*
 * master: here is your configuration (its tables follow, in order), your
 * listening sockets, a channel to each that you work with. Now go.
 * worker: I am ready.           ... later:  master: here is a new conf; go.
 */
#define MASTER_CONF(F)		/* master -> worker */ \
	F(u32, table_count)	/* that many MASTER_TABLE follow */ \
	F(fd, bundle)		/* for conf_unpack() */
#define MASTER_TABLE(F)		/* master -> worker; also alone: a new image */ \
	F(u32, index)		/* in the order of conf_each_table() */ \
	F(fd, image)
#define MASTER_LISTENER(F)	/* master -> receiver, scheduler ("control", "http") */ \
	F(text, name)		/* the listener's section title */ \
	F(fd, socket)
#define MASTER_LISTENER_GONE(F)	/* all sockets of that name; close them */ \
	F(text, name)
#define MASTER_PEER(F)		/* a channel to another worker; replaces an old one */ \
	F(u32, role)		/* enum role */ \
	F(u32, number) \
	F(fd, channel)
#define MASTER_SHARED(F)	/* master -> receiver: the counters all receivers share */ \
	F(fd, memory)
#define MASTER_FILE(F)		/* an open file by name: "log", "events"; replaces */ \
	F(text, name) \
	F(fd, file)
#define MASTER_LEVEL(F) \
	F(u32, level)		/* enum log_level */
#define MASTER_GO(F)		/* start, or swap to the new conf */ \
	F(u32, generation)
#define MASTER_STOP(F)		/* finish what is under way, then exit 0 */ \
	F(u32, grace_ms)
#define WORKER_READY(F) \
	F(u32, generation)

/*
 * scheduler: somebody with the right to asks you to reload.   master: done.
 */
#define CONTROL_ASK(F)		/* scheduler -> master */ \
	F(u64, cookie) \
	F(text, verb)		/* "reload", "stop", "log-level" */ \
	F(text, argument)
#define CONTROL_ANSWER(F)	/* master -> scheduler */ \
	F(u64, cookie) \
	F(u32, done)		/* 0: refused, errors says why */ \
	F(text, errors)		/* lines */
#define CONTROL_STATUS(F)	/* master -> scheduler, when it changes */ \
	F(text, json)		/* processes: role, number, pid, started, restarts */

/*
 * receiver: this is on disk and answered 250.   scheduler: (adopts it)
 * receiver: I have closed that segment.   scheduler: all its mail is gone, use it again.
 */
#define MESSAGE_ADDED(F)	/* receiver -> scheduler */ \
	F(u64, id) \
	F(u64, segment) \
	F(u32, offset) \
	F(u32, length) \
	F(bytes, envelope)	/* empty when long: read it from the segment */
#define SEGMENT_CLOSED(F)	/* receiver -> scheduler */ \
	F(u64, segment)
#define SEGMENT_FREE(F)		/* scheduler -> receiver: recycle this file */ \
	F(u64, segment)
#define SITE_FLUSH(F)		/* receiver -> scheduler: ETRN */ \
	F(text, domain)
#define RECEIVER_STATS(F)	/* receiver -> scheduler, each few seconds */ \
	F(u64, sessions)	/* open now */ \
	F(u64, connections)	/* since start */ \
	F(u64, messages) \
	F(u64, octets) \
	F(u64, rejected) \
	F(u64, auth_failed) \
	F(u64, longest_turn_us)	/* of the loop, by the clock */ \
	F(u64, longest_turn_cpu_us) /* and by the processor's time */

/*
 * receiver: this client says AUTH.   authenticator: ask it that.
 * receiver: it answers this.         authenticator: it is alice.
 */
#define AUTH_START(F)		/* receiver -> authenticator */ \
	F(u64, session) \
	F(text, mechanism) \
	F(u32, has_initial) \
	F(bytes, initial)	/* decoded from base64 */ \
	F(bytes, binding)	/* tls-exporter channel binding, or empty */ \
	F(text, client)
#define AUTH_RESPONSE(F)	/* receiver -> authenticator */ \
	F(u64, session) \
	F(bytes, response)
#define AUTH_CANCEL(F)		/* the session or the exchange is over */ \
	F(u64, session)
#define AUTH_CHALLENGE(F)	/* authenticator -> receiver */ \
	F(u64, session) \
	F(bytes, challenge)
#define AUTH_DONE(F)		/* authenticator -> receiver */ \
	F(u64, session) \
	F(u32, verdict)		/* enum auth_verdict */ \
	F(text, login) \
	F(bytes, additional)	/* data with success (SCRAM), or empty */

/*
 * scheduler: carry this to that site.   deliverer: done, this is what each
 * recipient's fate is; the connection is idle.   scheduler: then this one.
 */
#define DELIVER_JOB(F)		/* scheduler -> deliverer */ \
	F(u64, job) \
	F(u64, segment) \
	F(u32, offset) \
	F(u32, length) \
	F(u32, is_fresh)	/* written a moment ago: no need to read it twice */ \
	F(text, site)		/* connections are shared within a site */ \
	F(text, target)		/* "mx:example.org:25", "smtp:h:p", "lmtp:unix:/p", "maildir:...", "discard:" */ \
	F(text, route)		/* title of the route or domain section, for TLS, AUTH, source */ \
	F(u32, is_domain)	/* route names a domain section */ \
	F(u32, messages_per_connection) \
	F(u64, mx)		/* digest of the MX set that its pace is made for; or MX_ANY, MX_UNKNOWN */ \
	F(text, sources)	/* of the route's addresses, those to use now; empty: all of them */ \
	F(bytes, envelope)	/* only the recipients of this job */
#define JOB_DONE(F)		/* deliverer -> scheduler */ \
	F(u64, job) \
	F(bytes, fates)		/* one a recipient, in order: fates_encode() */ \
	F(u32, trouble)		/* enum job_trouble: was it the site, the connection, or the message */ \
	F(text, host)		/* the MX host, or empty */ \
	F(text, address)	/* its IP and port */ \
	F(text, tls)		/* "TLSv1.3 TLS_AES_256_GCM_SHA384 verified", "... unverified", or empty */ \
	F(text, policy)		/* "opportunistic", "verify", "dane" ... */ \
	F(u64, mx)		/* digest of the MX set, MX_UNKNOWN when DNS did not say, MX_ANY when it was not asked */ \
	F(text, mx_hosts)	/* with TROUBLE_MOVED: the set's hosts, blanks between; `host` is the best */ \
	F(bytes, dialogue)	/* the SMTP exchange without content, bounded */ \
	F(text, rule)		/* of replies.conf, that fitted a reply; or empty */ \
	F(text, rule_reply)	/* what it fitted */ \
	F(text, rule_address)	/* who said that */ \
	F(u32, pace)		/* enum reply_pace */ \
	F(u64, pace_ms)
#define SITE_CLOSE(F)		/* scheduler -> deliverer: drop idle connections */ \
	F(text, site)
#define DELIVERER_STATS(F)	/* deliverer -> scheduler */ \
	F(u64, connections)	/* open now */ \
	F(u64, attempts)	/* since start */

/*
 * deliverer: what did we keep of that?   scheduler: this.
 * deliverer: there is something new; keep it.
 */
#define KEPT_ASK(F)		/* deliverer -> scheduler */ \
	F(u32, kind)		/* enum kept_kind */ \
	F(text, key)
#define KEPT_TOLD(F)		/* scheduler -> deliverer */ \
	F(u32, kind) \
	F(text, key) \
	F(text, value)		/* empty: nothing */
#define KEPT_PUT(F)		/* deliverer -> scheduler */ \
	F(u32, kind) \
	F(text, key) \
	F(text, value)

/*
 * deliverer: example.org's host spoke TLS like that.
 * scheduler: here is yesterday's report for it.   deliverer: it wants it by mail.
 */
#define TLS_RESULT(F)		/* deliverer -> scheduler: one attempt (RFC 8460, 4.4) */ \
	F(text, domain) \
	F(text, type)		/* "tlsa", "sts", "no-policy-found" */ \
	F(text, policy)		/* its text, a line a record */ \
	F(text, result)		/* "starttls-not-supported" ...; empty: success */ \
	F(text, host) \
	F(text, address)
#define TLS_REPORT(F)		/* scheduler -> deliverer */ \
	F(text, domain) \
	F(bytes, report)	/* JSON, by gzip */
#define TLS_REPORT_MAIL(F)	/* deliverer -> scheduler */ \
	F(text, domain) \
	F(text, recipient)

/*
 * receiver: a message of example.org's came, and was judged like that.
 * scheduler: who may have yesterday's report?   receiver: these may.
 */
#define DMARC_RESULT(F)		/* receiver -> scheduler: one message (RFC 9990) */ \
	F(text, domain)		/* where the policy was found */ \
	F(text, policy)		/* dmarc_published_write() */ \
	F(text, row)		/* dmarc_row_write() */ \
	F(u32, is_report)	/* it is such a report itself */
#define DMARC_RUA_ASK(F)	/* scheduler -> receiver */ \
	F(u64, asked_ms)	/* comes back as it is */ \
	F(text, domain)
#define DMARC_RUA_TOLD(F)	/* receiver -> scheduler */ \
	F(u64, asked_ms) \
	F(text, domain) \
	F(u32, again)		/* the DNS is ill: it can't be told now */ \
	F(text, addresses)	/* dmarc_rua_write(); empty: nobody */

/*
 * deliverer: I need somebody with alice's rights.   master: here, talk to it.
 * deliverer: put this into that mailbox.            agent: it is there.
 */
#define AGENT_OPEN(F)		/* deliverer -> master */ \
	F(u64, cookie) \
	F(text, user)		/* login name; empty: mtad's own user */
#define AGENT_OPENED(F)		/* master -> deliverer */ \
	F(u64, cookie) \
	F(fd, channel)
#define AGENT_REFUSED(F)	/* master -> deliverer */ \
	F(u64, cookie) \
	F(u32, permanent)	/* no such user */ \
	F(text, reason)
#define AGENT_PART(F)		/* deliverer -> agent: content, part by part, before AGENT_DELIVER */ \
	F(u64, job) \
	F(u64, offset) \
	F(u64, length) \
	F(fd, file)
#define AGENT_DELIVER(F)	/* deliverer -> agent */ \
	F(u64, job) \
	F(text, target)		/* "maildir:PATH", all expanded */ \
	F(text, header)		/* Return-Path and Delivered-To, to stand first */
#define AGENT_DELIVERED(F)	/* agent -> deliverer */ \
	F(u64, job) \
	F(u32, smtp_code)	/* 250, 452, 450, 550 */ \
	F(text, reply)		/* "250 2.0.0 ..." */

#define IPC_MESSAGES(M) \
	M(master_conf, MASTER_CONF) \
	M(master_table, MASTER_TABLE) \
	M(master_listener, MASTER_LISTENER) \
	M(master_listener_gone, MASTER_LISTENER_GONE) \
	M(master_peer, MASTER_PEER) \
	M(master_shared, MASTER_SHARED) \
	M(master_file, MASTER_FILE) \
	M(master_level, MASTER_LEVEL) \
	M(master_go, MASTER_GO) \
	M(master_stop, MASTER_STOP) \
	M(worker_ready, WORKER_READY) \
	M(control_ask, CONTROL_ASK) \
	M(control_answer, CONTROL_ANSWER) \
	M(control_status, CONTROL_STATUS) \
	M(message_added, MESSAGE_ADDED) \
	M(segment_closed, SEGMENT_CLOSED) \
	M(segment_free, SEGMENT_FREE) \
	M(site_flush, SITE_FLUSH) \
	M(receiver_stats, RECEIVER_STATS) \
	M(auth_start, AUTH_START) \
	M(auth_response, AUTH_RESPONSE) \
	M(auth_cancel, AUTH_CANCEL) \
	M(auth_challenge, AUTH_CHALLENGE) \
	M(auth_done, AUTH_DONE) \
	M(deliver_job, DELIVER_JOB) \
	M(job_done, JOB_DONE) \
	M(site_close, SITE_CLOSE) \
	M(deliverer_stats, DELIVERER_STATS) \
	M(kept_ask, KEPT_ASK) \
	M(kept_told, KEPT_TOLD) \
	M(kept_put, KEPT_PUT) \
	M(tls_result, TLS_RESULT) \
	M(tls_report, TLS_REPORT) \
	M(tls_report_mail, TLS_REPORT_MAIL) \
	M(dmarc_result, DMARC_RESULT) \
	M(dmarc_rua_ask, DMARC_RUA_ASK) \
	M(dmarc_rua_told, DMARC_RUA_TOLD) \
	M(agent_open, AGENT_OPEN) \
	M(agent_opened, AGENT_OPENED) \
	M(agent_refused, AGENT_REFUSED) \
	M(agent_part, AGENT_PART) \
	M(agent_deliver, AGENT_DELIVER) \
	M(agent_delivered, AGENT_DELIVERED)
/* clang-format on */

enum role {
	ROLE_MASTER,
	ROLE_RECEIVER,
	ROLE_SCHEDULER,
	ROLE_DELIVERER,
	ROLE_AUTHENTICATOR,
	ROLE_AGENT,
	ROLE_COUNT
};
enum auth_verdict { AUTH_OK, AUTH_FAILED, AUTH_TEMPORARY, AUTH_MALFORMED };
/* What a deliverer wants kept over restarts, and its key. */
enum kept_kind {
	KEPT_STS,   /* MTA-STS policies, by domain */
	KEPT_OAUTH, /* refresh tokens, by a digest of what is configured */
	KEPT_KINDS
};

enum job_trouble {
	TROUBLE_NONE,       /* the site took the transaction, or judged it */
	TROUBLE_CONNECTION, /* this connection broke; the site may be well */
	TROUBLE_SITE,       /* no host of the site could be reached or used */
	TROUBLE_BUSY,       /* the site said: too many, slower (421, 4xx) */
	TROUBLE_LOCAL,      /* ours: could not read the message, out of files */
	TROUBLE_DOMAIN, /* its DNS or its TLS policy; its hosts may be well */
	TROUBLE_MOVED,  /* nothing tried: another MX set than was told */
};
/* Instead of the digest of an MX set. */
enum { MX_ANY, MX_UNKNOWN };

/* struct msg_NAME of each, and MSG_NAME (in lower case: MSG_master_conf). */
IPC_MESSAGES(IPC_STRUCT)
enum msg_type { IPC_MESSAGES(IPC_ENUM) MSG_COUNT };
/* Room for any decoded message. */
union msg_any {
	IPC_MESSAGES(IPC_MEMBER)
};
extern const struct ipc_kind ipc_kinds[MSG_COUNT];

#endif
