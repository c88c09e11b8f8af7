/*
 * conf/schema.h - every section and key of main.conf, one row each.
 *
 * From these rows come the reading, the packing for workers, the freeing,
 * `mtactl config --explain` and the list that a lint holds the manual page to.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a value is written in main.conf; conf/type.c has what each does. */
enum conf_type {
	CONF_TEXT,     /* char * */
	CONF_NAME,     /* char *: a host or domain name, in lower case */
	CONF_ADDRESS,  /* char *: local@domain, or empty */
	CONF_PATH,     /* char *: from / on */
	CONF_EVENTS,   /* char *: "file:PATH" without its prefix, or empty */
	CONF_TARGET,   /* char *: conf/target.h; low: kinds, as bits */
	CONF_UINT,     /* uint32_t */
	CONF_PORT,     /* uint16_t */
	CONF_SIZE,     /* uint64_t */
	CONF_TIME,     /* int64_t, milliseconds */
	CONF_TIMES,    /* int64_t *, and a count */
	CONF_BOOL,     /* bool */
	CONF_CHOICE,   /* int or enum: one of words */
	CONF_SWITCH,   /* bool: one of two words */
	CONF_CHAR,     /* char: one byte, or NUL for "" */
	CONF_RATE,     /* double, per second */
	CONF_TEXTS,    /* struct strings */
	CONF_TARGETS,  /* struct strings of targets; low: kinds, as bits */
	CONF_NETS,     /* struct ip_nets */
	CONF_TABLE,    /* uint32_t: number in conf.tables */
	CONF_FILE,     /* struct blob: the file's content */
	CONF_PASSWORD, /* struct blob: "file:PATH", its first line */
	CONF_KEYS,     /* struct dkim_key_conf *, and a count */
	CONF_USERS,    /* auth.users: a table, "pam:" or "dovecot:" */
	CONF_FAMILIES, /* two bools: delivery.ipv4 and ipv6 */
	CONF_REPLIES,  /* struct reply_table: conf/replies.h */
	CONF_STEPS,    /* uint64_t *, each "50/d", and a count */
	CONF_DATE,     /* int64_t, wall milliseconds; 0 for "" */
};

struct conf_word {
	const char *word;
	int value;
};

struct conf_key {
	const char *name; /* NULL: a field that another row's key fills */
	enum conf_type type;
	size_t offset;   /* in the section's struct */
	size_t count;    /* offset of the count, for arrays */
	unsigned secret; /* a bit of enum conf_secrets, or 0 */
	/* In main.conf's words: one, or several with commas. NULL: required. */
	const char *preset;
	uint64_t low; /* bounds, where the type has such */
	uint64_t high;
	const struct conf_word *words; /* up to one without a word */
	bool later;       /* only the preset (or "off") is available yet */
	const char *what; /* the manual's sentence */
};

struct conf_section {
	const char *name;  /* "": the top level */
	const char *title; /* what its title is; NULL: it has none */
	size_t
	    offset; /* in struct conf: of the struct, or the array's pointer */
	size_t count;    /* titled: offset of the count */
	size_t size;     /* titled: of one struct */
	size_t title_at; /* titled: of its char *title */
	bool later;
	const struct conf_key *keys; /* up to one without a `what` */
	const char *what;
};

/* The top level first; up to one without a name. */
extern const struct conf_section conf_sections[];

const struct conf_section *conf_section_find(const char *name);
const struct conf_key *conf_key_find(const struct conf_section *,
    const char *name);
/* The key or section that was probably meant, or NULL. */
const char *conf_suggest(const struct conf_section *, const char *name);

#endif
