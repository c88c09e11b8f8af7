/*
 * unit/dns_table.h - a table of DNS records, from which what a set of answers
 * lacks is answered. Names that are not in it, nor above one, don't exist.
 */
#ifndef UNIT_DNS_TABLE_H
#define UNIT_DNS_TABLE_H

#include "dns/answers.h"

/* The data of an A or AAAA is an address; data NULL: the outcome alone. */
struct dns_row {
	const char *name;
	enum dns_type type;
	const char *data;
	enum dns_outcome outcome;
};

/* Ends with a row without a name. True if anything was missing. */
bool dns_table_fill(const struct dns_row *, struct answers *);

#endif
