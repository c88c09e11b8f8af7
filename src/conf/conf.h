/*
 * conf/conf.h - main.conf as values.
 *
 * Made whole by conf_load() or conf_unpack(), checked, then never written
 * again (but for tables that are read anew); a reload makes a new one and
 * swaps. Pass to a function only the part that it needs. Every pointer below
 * is owned by the conf; those to tables are copies of conf.tables[].table.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/log.h"
#include "table/table.h"

struct replies;

enum service { SERVICE_RELAY, SERVICE_SUBMISSION };
enum listener_tls {
	LISTENER_TLS_NONE,
	LISTENER_TLS_STARTTLS,
	LISTENER_TLS_IMPLICIT
};
enum tls_level {
	TLS_AUTO,
	TLS_NONE,
	TLS_OPPORTUNISTIC,
	TLS_ENCRYPT,
	TLS_VERIFY,
	TLS_DANE
};
enum check_level { CHECK_OFF, CHECK_OBSERVE, CHECK_ENFORCE, CHECK_TRUST };

struct strings {
	char **v;
	size_t n;
};
struct ip_nets {
	struct ip_net *v;
	size_t n;
};
/* A file's content, read by the master: workers have no file system. */
struct blob {
	char *path;
	char *bytes; /* with a NUL behind; n does not count it */
	size_t n;
};

struct listener_conf {
	char *name;
	struct strings addresses; /* "*" or an address */
	uint16_t port;            /* 0: any free one */
	enum service service;
	enum listener_tls tls;
	bool require_tls;
	struct ip_nets proxy_protocol;
	uint32_t max_connections;
	uint32_t max_connections_per_client;
	int64_t greet_pause_ms;
};

struct tls_conf {
	char *name; /* "default" or the SNI name */
	struct blob certificate;
	struct blob key;
	int minimum; /* 12 or 13 */
};

enum auth_backend { AUTH_NONE, AUTH_TABLE, AUTH_PAM, AUTH_DOVECOT };
struct auth_conf {
	enum auth_backend backend;
	char *where;         /* PAM service, or path of Dovecot's socket */
	struct table *users; /* or NULL; a secret */
	uint32_t users_at;   /* its number in conf.tables, from 1; 0: none */
	struct strings mechanisms;
	uint32_t max_failures;
	bool match_sender;
	struct table *senders; /* or NULL */
	uint32_t senders_at;
};

struct limits_conf {
	uint64_t message_size;
	uint32_t recipients;
	uint64_t header_size;
	uint32_t received_hops;
	uint32_t command_errors;
	int64_t command_timeout_ms;
	int64_t data_timeout_ms;
	uint32_t client_rate;
	uint32_t sender_rate;
	uint32_t auth_failures;
};

struct domain_conf {
	char *name; /* lower case */
	char *deliver;
	struct table *mailboxes; /* or NULL: every address exists */
	uint32_t mailboxes_at;
	bool mailboxes_are_system; /* values are "UID:GID:HOME" */
	struct table *aliases;     /* or NULL */
	uint32_t aliases_at;
	char *catch_all; /* or "" */
	char subaddress; /* separator, NUL: none */
};

enum { ROUTE_HOPS_MAX = 16 };

struct route_conf {
	char *title; /* lower case */
	struct strings via;
	bool balance; /* hops of one kind share the mail */
	enum tls_level tls;
	char *user;            /* or "" */
	struct blob password;  /* n == 0: none; a secret */
	char *oauth_token_url; /* or "": no OAuth 2 */
	char *oauth_client_id;
	struct blob oauth_client_secret; /* a secret, as the next */
	struct blob oauth_refresh_token;
	char *oauth_scope;
	struct strings source;
	char *helo; /* or "": hostname */
};

/* delivery.replies */
struct reply_table {
	struct blob file; /* empty: none */
	struct replies
	    *rules; /* owned: conf/replies.h; into the file's bytes */
};

struct delivery_conf {
	uint16_t mx_port;
	uint16_t sts_port;
	char *tls_reports; /* an address, or "": none are sent */
	int64_t connect_timeout_ms;
	int64_t reply_timeout_ms;
	int64_t idle_timeout_ms;
	bool ipv4;
	bool ipv6;
	int64_t *retry_ms;
	size_t retry_count;
	int64_t expire_ms;
	int64_t bounce_expire_ms;
	int64_t warn_after_ms; /* 0: never */
	struct reply_table replies;
};

struct shaping_conf {
	char *title; /* "*", a destination, or "mx:PATTERN" */
	uint32_t connections;
	uint32_t messages_per_connection;
	uint32_t recipients_per_message;
	double rate_per_second; /* 0: no limit */
	uint64_t *warmup;       /* messages of each day; then no limit */
	size_t warmup_count;
	int64_t since_ms; /* wall: the first of these days */
};

struct checks_conf {
	enum check_level spf, dkim, dmarc, arc;
	struct strings arc_trusted;
	bool quarantine_hold; /* else tag */
	struct strings dnsbl;
	bool helo_required;
	struct strings milters;
	int milter_default; /* 0 tempfail, 1 accept, 2 reject */
};

struct dkim_key_conf {
	char *selector;
	struct blob pem; /* a secret */
};
struct dkim_conf {
	char *domain;
	char *place; /* FILE:LINE of keys, for whoever parses them; or NULL */
	struct dkim_key_conf *keys;
	size_t key_count;
	bool sign_trusted;
};

struct dns_conf {
	struct strings servers; /* "127.0.0.1@5353"; none: resolv.conf */
	char *trust_anchor;     /* path or "" */
	int64_t timeout_ms;
};

struct log_conf {
	char *target; /* "auto", "stderr", "syslog", "file:PATH" */
	enum log_level level;
	enum log_form form;
	char *events; /* path, or "" */
};

struct conf_table {
	char *where;
	struct table *table; /* owned; NULL in a worker until it comes */
	bool secret;         /* auth.users: for the authenticator alone */
};

struct conf {
	unsigned refs;
	char *path; /* of main.conf */
	char *hostname;
	char *postmaster;
	char *spool;
	char *state;
	char *runtime;
	char *user;
	uint32_t receivers; /* never 0: the cores were counted */
	uint32_t deliverers;
	struct ip_nets trusted_networks;
	struct listener_conf *listeners;
	size_t listener_count;
	struct tls_conf *tls; /* the default first; may be none */
	size_t tls_count;
	struct auth_conf auth;
	struct limits_conf limits;
	struct domain_conf *domains; /* sorted by name */
	size_t domain_count;
	struct route_conf *routes; /* sorted by title; "*" is always there */
	size_t route_count;
	struct delivery_conf delivery;
	struct shaping_conf *shapings; /* "*" is always there */
	size_t shaping_count;
	struct checks_conf checks;
	struct dkim_conf *dkims;
	size_t dkim_count;
	struct dns_conf dns;
	struct log_conf log;
	char *http_listen; /* or "" */
	char *control_group;
	bool user_is_stand_in;     /* for the default user, who is missing */
	struct conf_table *tables; /* each source once */
	size_t table_count;
};

/* Called for each error, with "FILE:LINE: what is wrong, what is accepted". */
typedef void conf_error_fn(const char *message, void *arg);

/*
 * Reads and checks main.conf and all that it names. NULL after any error; all
 * errors are reported, not the first alone.
 */
struct conf *conf_load(const char *path, conf_error_fn *error, void *arg);
/* Only the keys of the top level: for programs that may not read the rest. */
struct conf *conf_load_top(const char *path, conf_error_fn *error, void *arg);
/* What works, but not as it was meant; in the form of errors, without a place.
 */
void conf_each_warning(const struct conf *, conf_error_fn *, void *arg);
struct conf *conf_ref(struct conf *);
void conf_unref(struct conf **);

/*
 * For a worker: the conf in a sealed memory file, whose descriptor is
 * returned, or -errno. Tables are not in it (their images go beside it, in the
 * order of conf_each_table); nor are auth.users, TLS keys, DKIM keys and route
 * passwords unless `secrets` has the bit.
 */
enum conf_secrets {
	CONF_SECRET_TLS = 1,
	CONF_SECRET_DKIM = 2,
	CONF_SECRET_ROUTES = 4,
	CONF_SECRET_USERS = 8
};
int conf_pack(const struct conf *, unsigned secrets) MUST_USE;
/* Takes the descriptor; NULL if it holds anything else. */
struct conf *conf_unpack(int fd) MUST_USE;
struct conf *conf_from_bytes(struct slice) MUST_USE; /* its content */

/*
 * The place of each table, in the order of conf.tables: master and worker
 * count alike. What the callback puts there takes effect when this returns.
 */
typedef void conf_table_fn(struct table **place, void *arg);
void conf_each_table(struct conf *, conf_table_fn *, void *arg);
bool ip_nets_have(const struct ip_nets *, const struct ip *);

#endif
