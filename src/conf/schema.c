/*
 * conf/schema.c - the rows. A setting is added here, in its struct in
 * conf/conf.h and in the manual page, and nowhere else.
 */
#include "conf/schema.h"

#include <string.h>

#include "base/slice.h"
#include "conf/conf.h"
#include "conf/replies.h"
#include "conf/target.h"

/* The offset of a field, which must be of that type. */
#define AT(section, field, type)           \
	(offsetof(struct section, field) + \
	    0 * sizeof(_Generic(&((struct section *)0)->field, type * : 0)))

#define TEXT(s, f) CONF_TEXT, AT(s, f, char *), 0, 0
#define NAME(s, f) CONF_NAME, AT(s, f, char *), 0, 0
#define ADDRESS(s, f) CONF_ADDRESS, AT(s, f, char *), 0, 0
#define PATH(s, f) CONF_PATH, AT(s, f, char *), 0, 0
#define EVENTS(s, f) CONF_EVENTS, AT(s, f, char *), 0, 0
#define TARGET(s, f) CONF_TARGET, AT(s, f, char *), 0, 0
#define UINT(s, f) CONF_UINT, AT(s, f, uint32_t), 0, 0
#define PORT(s, f) CONF_PORT, AT(s, f, uint16_t), 0, 0
#define SIZE(s, f) CONF_SIZE, AT(s, f, uint64_t), 0, 0
#define TIME(s, f) CONF_TIME, AT(s, f, int64_t), 0, 0
#define TIMES(s, f, n) CONF_TIMES, AT(s, f, int64_t *), AT(s, n, size_t), 0
#define BOOL(s, f) CONF_BOOL, AT(s, f, bool), 0, 0
#define CHOICE(s, f, type) CONF_CHOICE, AT(s, f, type), 0, 0
#define SWITCH(s, f) CONF_SWITCH, AT(s, f, bool), 0, 0
#define CHAR(s, f) CONF_CHAR, AT(s, f, char), 0, 0
#define RATE(s, f) CONF_RATE, AT(s, f, double), 0, 0
#define TEXTS(s, f) CONF_TEXTS, AT(s, f, struct strings), 0, 0
#define TARGETS(s, f) CONF_TARGETS, AT(s, f, struct strings), 0, 0
#define NETS(s, f) CONF_NETS, AT(s, f, struct ip_nets), 0, 0
#define TABLE(s, f) CONF_TABLE, AT(s, f, uint32_t), 0, 0
#define FILE_(s, f, secret) CONF_FILE, AT(s, f, struct blob), 0, secret
#define PASSWORD(s, f) \
	CONF_PASSWORD, AT(s, f, struct blob), 0, CONF_SECRET_ROUTES
#define KEYS(s, f, n)                                                  \
	CONF_KEYS, AT(s, f, struct dkim_key_conf *), AT(s, n, size_t), \
	    CONF_SECRET_DKIM
#define REPLIES(s, f) CONF_REPLIES, AT(s, f, struct reply_table), 0, 0
#define STEPS(s, f, n) CONF_STEPS, AT(s, f, uint64_t *), AT(s, n, size_t), 0
#define DATE(s, f) CONF_DATE, AT(s, f, int64_t), 0, 0
#define USERS(s) CONF_USERS, 0 * sizeof(struct s), 0, 0
#define FAMILIES(s) CONF_FAMILIES, 0 * sizeof(struct s), 0, 0

#define KIND(k) (1u << TARGET_##k)
/* What a domain may deliver to, and what a route may go by. */
#define DELIVER_KINDS                                                 \
	(KIND(MX) | KIND(SMTP) | KIND(LMTP) | KIND(LMTP_UNIX) |       \
	    KIND(MAILDIR) | KIND(MBOX) | KIND(PIPE) | KIND(DISCARD) | \
	    KIND(ERROR))
#define VIA_KINDS                                                       \
	(KIND(MX) | KIND(SMTP) | KIND(SUBMISSION) | KIND(SUBMISSIONS) | \
	    KIND(LMTP) | KIND(LMTP_UNIX) | KIND(DISCARD) | KIND(ERROR))

/* clang-format off */
static const struct conf_word services[] = {
	{ "relay", SERVICE_RELAY }, { "submission", SERVICE_SUBMISSION }, { 0 } };
static const struct conf_word listener_tls_words[] = {
	{ "none", LISTENER_TLS_NONE }, { "starttls", LISTENER_TLS_STARTTLS },
	{ "implicit", LISTENER_TLS_IMPLICIT }, { 0 } };
static const struct conf_word backend_words[] = {
	{ "none", AUTH_NONE }, { "table", AUTH_TABLE }, { "pam", AUTH_PAM },
	{ "dovecot", AUTH_DOVECOT }, { 0 } };
static const struct conf_word minimum_words[] = {
	{ "1.2", 12 }, { "1.3", 13 }, { 0 } };
static const struct conf_word tls_words[] = {
	{ "auto", TLS_AUTO }, { "none", TLS_NONE },
	{ "opportunistic", TLS_OPPORTUNISTIC }, { "encrypt", TLS_ENCRYPT },
	{ "verify", TLS_VERIFY }, { "dane", TLS_DANE }, { 0 } };
static const struct conf_word spf_words[] = {
	{ "off", CHECK_OFF }, { "observe", CHECK_OBSERVE },
	{ "enforce", CHECK_ENFORCE }, { 0 } };
static const struct conf_word dkim_words[] = {
	{ "off", CHECK_OFF }, { "observe", CHECK_OBSERVE }, { 0 } };
static const struct conf_word arc_words[] = {
	{ "off", CHECK_OFF }, { "observe", CHECK_OBSERVE },
	{ "trust", CHECK_TRUST }, { 0 } };
static const struct conf_word quarantine_words[] = {
	{ "tag", false }, { "hold", true }, { 0 } };
static const struct conf_word milter_words[] = {
	{ "tempfail", 0 }, { "accept", 1 }, { "reject", 2 }, { 0 } };
static const struct conf_word sign_words[] = {
	{ "authenticated", false }, { "trusted", true }, { 0 } };
static const struct conf_word level_words[] = {
	{ "error", LEVEL_ERROR }, { "warning", LEVEL_WARNING },
	{ "info", LEVEL_INFO }, { "debug", LEVEL_DEBUG }, { 0 } };
static const struct conf_word form_words[] = {
	{ "text", LOG_FORM_TEXT }, { "json", LOG_FORM_JSON }, { 0 } };

#define NOW false	/* available */
#define LATER true	/* only the default is */
#define S 1000u
#define M (60u * S)
#define H (60u * M)
#define D (24u * (uint64_t)H)
#define MB ((uint64_t)1 << 20)

static const struct conf_key top_keys[] = {
	{ "hostname",	NAME(conf, hostname),		"",				 0, 255, NULL, NOW, "name in the banner, EHLO and Received; empty: the system's full name" },
	{ "postmaster", ADDRESS(conf, postmaster),	"",				 0, 254, NULL, NOW, "gets mail for <postmaster> and double bounces; empty: postmaster at hostname" },
	{ "spool",	PATH(conf, spool),		"/var/spool/mtad",		 0, 0, NULL, NOW, "folder of the on-disk queue" },
	{ "state",	PATH(conf, state),		"/var/lib/mtad",		 0, 0, NULL, NOW, "folder of what may be lost without losing mail: caches, counters, a self-made certificate" },
	{ "runtime",	PATH(conf, runtime),		"/run/mtad",			 0, 0, NULL, NOW, "folder of control.sock" },
	{ "user",	TEXT(conf, user),		"mtad",				 1, 64, NULL, NOW, "unprivileged user of the workers, when started as root" },
	{ "receivers",	UINT(conf, receivers),		"0",				 0, 64, NULL, NOW, "processes that accept mail; 0: one per core" },
	{ "deliverers", UINT(conf, deliverers),		"0",				 0, 64, NULL, NOW, "processes that deliver mail; 0: one per core" },
	{ "trusted_networks", NETS(conf, trusted_networks), "127.0.0.0/8,::1",		 0, 0, NULL, NOW, "may relay on a relay listener without AUTH" },
	{ 0 }
};

static const struct conf_key listener_keys[] = {
	{ "address",	TEXTS(listener_conf, addresses), "*",				 1, 45, NULL, NOW, "addresses to listen on; \"*\" is every IPv4 and IPv6 address" },
	{ "port",	PORT(listener_conf, port),	"25",				 0, 65535, NULL, NOW, "TCP port; 0 takes a free one" },
	{ "service",	CHOICE(listener_conf, service, enum service), "relay",		 0, 0, services, NOW, "relay: mail for our domains from anyone, for anywhere from trusted_networks; submission: authenticated users alone" },
	{ "tls",	CHOICE(listener_conf, tls, enum listener_tls), "starttls",	 0, 0, listener_tls_words, NOW, "implicit: TLS from the first byte" },
	{ "require_tls", BOOL(listener_conf, require_tls), "false",			 0, 0, NULL, NOW, "refuse MAIL without TLS; service submission: true by default" },
	{ "proxy_protocol", NETS(listener_conf, proxy_protocol), "",			 0, 0, NULL, LATER, "a PROXY v1/v2 header is expected from these addresses, and from no other" },
	{ "max_connections", UINT(listener_conf, max_connections), "2000",		 1, 1000000, NULL, NOW, "open at once, over all clients" },
	{ "max_connections_per_client", UINT(listener_conf, max_connections_per_client), "50", 1, 1000000, NULL, NOW, "open at once, of one client address" },
	{ "greet_pause", TIME(listener_conf, greet_pause_ms), "0s",			 0, 5 * M, NULL, NOW, "wait before the banner; a client that talks first is refused with 554" },
	{ 0 }
};

static const struct conf_key tls_keys[] = {
	{ "certificate", FILE_(tls_conf, certificate, 0), NULL,				 0, 1 * MB, NULL, NOW, "PEM file with the certificate and its chain" },
	{ "key",	FILE_(tls_conf, key, CONF_SECRET_TLS), NULL,			 0, 1 * MB, NULL, NOW, "PEM file with the private key" },
	{ "minimum",	CHOICE(tls_conf, minimum, int),	"1.2",				 0, 0, minimum_words, NOW, "oldest TLS version that is spoken" },
	{ 0 }
};

static const struct conf_key auth_keys[] = {
	{ "users",	USERS(auth_conf),		"",				 0, 0, NULL, NOW, "a table of \"login:HASH SCRAM-KEYS\", or \"pam:SERVICE\", or \"dovecot:SOCKET\"; empty: no AUTH" },
	{ NULL,		CHOICE(auth_conf, backend, enum auth_backend), "",		 0, 0, backend_words, NOW, "filled by users" },
	{ NULL,		TEXT(auth_conf, where),		"",				 0, 0, NULL, NOW, "filled by users" },
	{ NULL,		TABLE(auth_conf, users_at),	"",				 0, 0, NULL, NOW, "filled by users" },
	{ "mechanisms", TEXTS(auth_conf, mechanisms),	"PLAIN,LOGIN,SCRAM-SHA-256,SCRAM-SHA-256-PLUS", 1, 32, NULL, NOW, "SASL mechanisms that are offered" },
	{ "max_failures", UINT(auth_conf, max_failures), "3",				 1, 100, NULL, NOW, "failed AUTH commands of a connection, then 421" },
	{ "match_sender", BOOL(auth_conf, match_sender), "true",			 0, 0, NULL, NOW, "MAIL FROM must be the login, or an address that senders gives it" },
	{ "senders",	TABLE(auth_conf, senders_at),	"",				 0, 0, NULL, NOW, "a table: login to addresses or @domains that it may send as" },
	{ 0 }
};

static const struct conf_key limits_keys[] = {
	{ "message_size", SIZE(limits_conf, message_size), "50MB",			 1, 1024 * MB, NULL, NOW, "largest message, announced by SIZE" },
	{ "recipients",	UINT(limits_conf, recipients),	"1000",				 1, 100000, NULL, NOW, "recipients of a transaction, then 452 4.5.3" },
	{ "header_size", SIZE(limits_conf, header_size), "256KB",			 1, 16 * MB, NULL, NOW, "largest header section" },
	{ "received_hops", UINT(limits_conf, received_hops), "50",			 1, 1000, NULL, NOW, "more Received fields are a loop: 554 5.4.6" },
	{ "command_errors", UINT(limits_conf, command_errors), "10",			 1, 10000, NULL, NOW, "refused commands of a connection, then 421" },
	{ "command_timeout", TIME(limits_conf, command_timeout_ms), "5m",		 1 * S, 1 * H, NULL, NOW, "longest wait for a command" },
	{ "data_timeout", TIME(limits_conf, data_timeout_ms), "10m",			 1 * S, 24 * H, NULL, NOW, "longest wait for message data" },
	{ "client_rate", UINT(limits_conf, client_rate), "0",				 0, 1000000, NULL, NOW, "messages per minute and client address, over it 450 4.7.1; 0: no limit" },
	{ "sender_rate", UINT(limits_conf, sender_rate), "0",				 0, 10000000, NULL, NOW, "recipients per hour and authenticated login; 0: no limit" },
	{ "auth_failures", UINT(limits_conf, auth_failures), "20",			 0, 1000000, NULL, NOW, "failed AUTH commands per client address and hour, then 454 4.7.0; 0: no limit" },
	{ 0 }
};

static const struct conf_key domain_keys[] = {
	{ "deliver",	TARGET(domain_conf, deliver),	NULL,				 DELIVER_KINDS, 0, NULL, NOW, "where its mail goes" },
	{ "mailboxes",	TABLE(domain_conf, mailboxes_at), "",				 0, 0, NULL, NOW, "a table of the addresses that exist; \"system\": the passwd database; empty: every address" },
	{ NULL,		BOOL(domain_conf, mailboxes_are_system), "",			 0, 0, NULL, NOW, "filled by mailboxes" },
	{ "aliases",	TABLE(domain_conf, aliases_at),	"",				 0, 0, NULL, NOW, "a table: name or address to addresses" },
	{ "catch_all",	ADDRESS(domain_conf, catch_all), "",				 0, 254, NULL, NOW, "gets what is in neither; empty: that is refused" },
	{ "subaddress", CHAR(domain_conf, subaddress),	"+",				 0, 0, NULL, NOW, "user+tag finds user; empty: no such tags" },
	{ 0 }
};

static const struct conf_key route_keys[] = {
	{ "via",	TARGETS(route_conf, via),	"mx",				 VIA_KINDS, 0, NULL, NOW, "next hops; when one does not work, another" },
	{ "balance",	BOOL(route_conf, balance),	"true",			 0, 0, NULL, NOW, "hops of one kind share the mail; false: in order" },
	{ "tls",	CHOICE(route_conf, tls, enum tls_level), "auto",		 0, 0, tls_words, NOW, "how much TLS is demanded of the next hop" },
	{ "user",	TEXT(route_conf, user),		"",				 0, 255, NULL, NOW, "login at the next hop; empty: no AUTH" },
	{ "password",	PASSWORD(route_conf, password),	"",				 0, 0, NULL, NOW, "\"file:PATH\" with the password in its first line" },
	{ "oauth_token_url", TEXT(route_conf, oauth_token_url), "",		 0, 600, NULL, NOW, "where tokens are fetched to log in with, by OAuth 2; empty: by password" },
	{ "oauth_client_id", TEXT(route_conf, oauth_client_id), "",		 0, 255, NULL, NOW, "who we are there" },
	{ "oauth_client_secret", PASSWORD(route_conf, oauth_client_secret), "",	 0, 0, NULL, NOW, "\"file:PATH\" with the client's secret in its first line" },
	{ "oauth_refresh_token", PASSWORD(route_conf, oauth_refresh_token), "",	 0, 0, NULL, NOW, "\"file:PATH\" with a refresh token in its first line; empty: client credentials" },
	{ "oauth_scope", TEXT(route_conf, oauth_scope),	"",			 0, 1000, NULL, NOW, "what the token is to be good for; empty: what the client has" },
	{ "source",	TEXTS(route_conf, source),	"",				 1, 45, NULL, NOW, "local addresses to send from; empty: the system chooses" },
	{ "helo",	NAME(route_conf, helo),		"",				 0, 255, NULL, NOW, "name in EHLO; empty: hostname" },
	{ 0 }
};

static const struct conf_key delivery_keys[] = {
	{ "mx_port",	PORT(delivery_conf, mx_port),	"25",				 1, 65535, NULL, NOW, "port of MX hosts; another one in tests only" },
	{ "sts_port",	PORT(delivery_conf, sts_port),	"443",				 1, 65535, NULL, NOW, "port that MTA-STS policies are fetched from; another one in tests only" },
	{ "tls_reports", TEXT(delivery_conf, tls_reports), "",				 0, 254, NULL, NOW, "sender of the daily TLS reports to other domains (RFC 8460); empty: none are sent" },
	{ "connect_timeout", TIME(delivery_conf, connect_timeout_ms), "30s",		 1 * S, 10 * M, NULL, NOW, "longest wait for a connection" },
	{ "reply_timeout", TIME(delivery_conf, reply_timeout_ms), "10m",		 1 * S, 10 * M, NULL, NOW, "longest wait for a reply, where RFC 5321 does not say less" },
	{ "idle_timeout", TIME(delivery_conf, idle_timeout_ms), "5s",			 0, 5 * M, NULL, NOW, "an idle connection is kept this long for the next message" },
	{ "ip",		FAMILIES(delivery_conf),	"both",				 0, 0, NULL, NOW, "address families: both, ipv4 or ipv6" },
	{ NULL,		BOOL(delivery_conf, ipv4),	"",				 0, 0, NULL, NOW, "filled by ip" },
	{ NULL,		BOOL(delivery_conf, ipv6),	"",				 0, 0, NULL, NOW, "filled by ip" },
	{ "retry",	TIMES(delivery_conf, retry_ms, retry_count), "1m,5m,15m,30m,1h,2h,4h", 1 * S, 7 * D, NULL, NOW, "waits between tries; the last one repeats; give or take 10 %" },
	{ "expire",	TIME(delivery_conf, expire_ms),	"5d",				 1 * S, 365 * D, NULL, NOW, "a message that is older comes back" },
	{ "bounce_expire", TIME(delivery_conf, bounce_expire_ms), "1d",			 1 * S, 365 * D, NULL, NOW, "the same for mail from <>" },
	{ "warn_after", TIME(delivery_conf, warn_after_ms), "4h",			 0, 365 * D, NULL, NOW, "one notice of delay to the sender; 0: none" },
	{ "replies",	REPLIES(delivery_conf, replies), "",				 0, REPLIES_FILE_MAX, NULL, NOW, "file of rules for what next hops reply, see replies.conf(5); empty: their codes alone count" },
	{ 0 }
};

static const struct conf_key shaping_keys[] = {
	{ "connections", UINT(shaping_conf, connections), "20",				 1, 10000, NULL, NOW, "open at once" },
	{ "messages_per_connection", UINT(shaping_conf, messages_per_connection), "100", 1, 1000000, NULL, NOW, "then a new connection is made" },
	{ "recipients_per_message", UINT(shaping_conf, recipients_per_message), "100",	 1, 10000, NULL, NOW, "recipients of one transaction" },
	{ "rate",	RATE(shaping_conf, rate_per_second), "",			 0, 0, NULL, NOW, "messages: \"600/m\", \"10/s\"; empty: as fast as the destination takes them" },
	{ "warmup",	STEPS(shaping_conf, warmup, warmup_count), "",			 0, 0, NULL, NOW, "messages that each source address may send there on the first day, the second ...: \"50/d\", \"100/d\"; none: no such limit" },
	{ "since",	DATE(shaping_conf, since_ms),	"",				 0, 0, NULL, NOW, "the first day of warmup, in UTC: \"2026-11-01\"" },
	{ 0 }
};

static const struct conf_key checks_keys[] = {
	{ "spf",	CHOICE(checks_conf, spf, enum check_level), "observe",		 0, 0, spf_words, NOW, "observe: Authentication-Results alone; enforce: a fail is refused with 550 5.7.23" },
	{ "dkim",	CHOICE(checks_conf, dkim, enum check_level), "observe",		 0, 0, dkim_words, NOW, "verify DKIM signatures" },
	{ "dmarc",	CHOICE(checks_conf, dmarc, enum check_level), "enforce",	 0, 0, spf_words, NOW, "enforce: p=reject is refused with 550 5.7.1, p=quarantine goes by quarantine" },
	{ "arc",	CHOICE(checks_conf, arc, enum check_level), "observe",		 0, 0, arc_words, NOW, "trust: a chain sealed by one of arc_trusted may override DMARC" },
	{ "arc_trusted", TEXTS(checks_conf, arc_trusted), "",				 1, 255, NULL, NOW, "domains whose ARC seal is trusted" },
	{ "quarantine", SWITCH(checks_conf, quarantine_hold), "tag",			 0, 0, quarantine_words, NOW, "tag: add X-Quarantine; hold: in the queue, for mtactl" },
	{ "dnsbl",	TEXTS(checks_conf, dnsbl),	"",				 1, 255, NULL, NOW, "block lists, \"zen.example\" or \"list.example=127.0.0.2\"" },
	{ "helo_required", BOOL(checks_conf, helo_required), "true",			 0, 0, NULL, NOW, "MAIL is refused before EHLO or HELO" },
	{ "milters",	TEXTS(checks_conf, milters),	"",				 1, 255, NULL, LATER, "\"inet:HOST:PORT\" or \"unix:PATH\"" },
	{ "milter_default", CHOICE(checks_conf, milter_default, int), "tempfail",	 0, 0, milter_words, LATER, "what happens when a milter is gone" },
	{ 0 }
};

static const struct conf_key dkim_keys[] = {
	{ "keys",	KEYS(dkim_conf, keys, key_count), NULL,				 0, 64 * 1024, NULL, NOW, "\"SELECTOR:FILE\", PEM, RSA or Ed25519; each signs" },
	{ "sign",	SWITCH(dkim_conf, sign_trusted), "authenticated",		 0, 0, sign_words, NOW, "trusted: also mail from trusted_networks and local submission" },
	{ 0 }
};

static const struct conf_key dns_keys[] = {
	{ "servers",	TEXTS(dns_conf, servers),	"",				 1, 255, NULL, NOW, "\"127.0.0.1\" or \"127.0.0.1@5353\"; empty: those of /etc/resolv.conf" },
	{ "trust_anchor", TEXT(dns_conf, trust_anchor), "",				 0, 4095, NULL, NOW, "file with DNSKEY or DS records; empty: the system's root anchor" },
	{ "timeout",	TIME(dns_conf, timeout_ms),	"10s",				 100, 5 * M, NULL, NOW, "longest wait for an answer" },
	{ 0 }
};

static const struct conf_key log_keys[] = {
	{ "target",	TEXT(log_conf, target),		"auto",				 1, 4096, NULL, NOW, "auto (journal under systemd, else stderr), stderr, syslog or \"file:PATH\"" },
	{ "level",	CHOICE(log_conf, level, enum log_level), "info",		 0, 0, level_words, NOW, "the least that is written" },
	{ "format",	CHOICE(log_conf, form, enum log_form), "text",			 0, 0, form_words, NOW, "of the log's lines" },
	{ "events",	EVENTS(log_conf, events),	"",				 0, 0, NULL, NOW, "\"file:PATH\": a JSON object a line for every step of every message" },
	{ 0 }
};

static const struct conf_key http_keys[] = {
	{ "listen",	TEXT(conf, http_listen),	"",				 0, 64, NULL, LATER, "\"127.0.0.1:9825\": metrics, health and dashboard; empty: off" },
	{ 0 }
};

static const struct conf_key control_keys[] = {
	{ "group",	TEXT(conf, control_group),	"mtad",				 1, 64, NULL, NOW, "may use control.sock" },
	{ 0 }
};

#define PLAIN(field) NULL, offsetof(struct conf, field), 0, 0, 0
#define TOP NULL, 0, 0, 0, 0
#define MANY(array, number, type, name) \
	offsetof(struct conf, array), offsetof(struct conf, number), sizeof(struct type), offsetof(struct type, name)

const struct conf_section conf_sections[] = {
	{ "",	      TOP,					NOW,   top_keys,      "the top level" },
	{ "listener", "name", MANY(listeners, listener_count, listener_conf, name), NOW, listener_keys, "where mail comes in" },
	{ "tls",      "\"default\" or the name in SNI", MANY(tls, tls_count, tls_conf, name), NOW, tls_keys, "certificates of the listeners; without any, one is made and a warning logged" },
	{ "auth",     PLAIN(auth),				NOW,   auth_keys,     "who may submit mail" },
	{ "limits",   PLAIN(limits),				NOW,   limits_keys,   "bounds for clients" },
	{ "domain",   "domain", MANY(domains, domain_count, domain_conf, name), NOW, domain_keys, "a domain that is ours" },
	{ "route",    "\"user@domain\", \"domain\", \".domain\" (its subdomains) or \"*\"", MANY(routes, route_count, route_conf, title), NOW, route_keys, "where other mail goes out; the most exact title wins" },
	{ "delivery", PLAIN(delivery),				NOW,   delivery_keys, "how mail is delivered" },
	{ "shaping",  "\"domain\", \".domain\", \"mx:PATTERN\" (an MX host) or \"*\"", MANY(shapings, shaping_count, shaping_conf, title), NOW, shaping_keys, "the pace per destination; the most exact title wins" },
	{ "checks",   PLAIN(checks),				NOW,   checks_keys,   "what is checked on relay listeners; trusted and authenticated clients are exempt" },
	{ "dkim",     "domain", MANY(dkims, dkim_count, dkim_conf, domain), NOW, dkim_keys, "signatures for a domain" },
	{ "dns",      PLAIN(dns),				NOW,   dns_keys,      "how names are looked up" },
	{ "log",      PLAIN(log),				NOW,   log_keys,      "what mtad tells" },
	{ "http",     TOP,					NOW,   http_keys,     "metrics over HTTP" },
	{ "control",  TOP,					NOW,   control_keys,  "the control socket" },
	{ NULL,	      TOP,					NOW,   NULL,	      NULL },
};
/* clang-format on */

const struct conf_section *
conf_section_find(const char *name)
{
	for (const struct conf_section *s = conf_sections; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

const struct conf_key *
conf_key_find(const struct conf_section *section, const char *name)
{
	for (const struct conf_key *k = section->keys; k->what != NULL; k++)
		if (k->name != NULL && strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

/* Letters to add, drop or change to make b of a. */
static size_t
distance(const char *a, const char *b)
{
	enum { NAME_MAX_ = 40 };
	size_t row[NAME_MAX_ + 1];
	size_t m = strlen(b);

	if (m > NAME_MAX_ || strlen(a) > NAME_MAX_)
		return NAME_MAX_;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < m; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (diagonal + 1 < best)
				best = diagonal + 1;
			row[j + 1] = best;
		}
	}
	return row[m];
}

const char *
conf_suggest(const struct conf_section *section, const char *name)
{
	const char *best = NULL;
	size_t limit = strlen(name) / 3 + 2; /* more is no slip */

	for (const struct conf_key *k = section->keys; k->what != NULL; k++)
		if (k->name != NULL && distance(name, k->name) < limit) {
			best = k->name;
			limit = distance(name, best);
		}
	if (section != conf_sections)
		return best;
	for (const struct conf_section *s = section + 1; s->name != NULL; s++)
		if (distance(name, s->name) < limit) {
			best = s->name;
			limit = distance(name, best);
		}
	return best;
}
