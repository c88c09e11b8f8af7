/*
 * mtactl/site.c - destinations: list, show, suspend, resume.
 */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "conf/value.h"
#include "mtactl/api.h"
#include "mtactl/verbs.h"
#include "mtactl/when.h"

/* clang-format off */
static const struct {
	const char *name;
	const char *head;
	int width;
} columns[] = {
	{ "name",	 "SITE",	 30 },
	{ "state",	 "STATE",	 11 },
	{ "connections", "CONN",	 5 },
	{ "window",	 "WINDOW",	 6 },
	{ "rate",	 "RATE",	 6 },
	{ "ready",	 "READY",	 7 },
	{ "deferred",	 "DEFERRED",	 8 },
	{ "last_error",	 "LAST-ERROR",	 0 },
};
/* clang-format on */

enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

/* A JSON value as a word; "-" for null. */
static void
show_value(const json_t *value, int width)
{
	char text[64] = "-";

	if (json_is_string(value)) {
		ctl_column(slice_of(json_string_value(value)), width);
		return;
	}
	if (json_is_integer(value))
		(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
	else if (json_is_real(value))
		(void)snprintf(text, sizeof(text), "%.4g",
		    json_real_value(value));
	else if (json_is_boolean(value))
		(void)snprintf(text, sizeof(text), "%s",
		    json_is_true(value) ? "true" : "false");
	ctl_column(slice_of(text), width);
}

int
do_site_list(struct ctl *ctl)
{
	json_t *list, *site;
	size_t i;
	int rc = api_json(ctl, "GET", "/v1/sites", NULL, &list);

	if (list == NULL)
		return rc;
	for (i = 0; i < COLUMN_COUNT; i++)
		ctl_column(slice_of(columns[i].head), columns[i].width);
	ctl_end_row();
	json_array_foreach(list, i, site)
	{
		for (size_t k = 0; k < COLUMN_COUNT; k++)
			show_value(api_member(site, columns[k].name),
			    columns[k].width);
		ctl_end_row();
	}
	json_decref(list);
	return rc;
}

int
do_site_show(struct ctl *ctl)
{
	struct buf target;
	const char *name;
	json_t *site, *value, *sender, *domain;
	size_t i;
	int rc;

	buf_init(&target, 4096);
	buf_add_cstr(&target, "/v1/sites/");
	api_add_part(&target, slice_of(ctl->words[0]));
	rc = api_json(ctl, "GET", buf_cstr(&target), NULL, &site);
	buf_done(&target);
	if (site == NULL)
		return rc;
	json_object_foreach(site, name, value)
	{
		/* The reasons say it better. */
		if (json_is_array(value) || strcmp(name, "why") == 0)
			continue;
		(void)printf("%-13s ", name);
		show_value(value, 0);
		ctl_end_row();
	}
	json_array_foreach(api_member(site, "reasons"), i, value)
	{
		(void)printf("%-13s ", i == 0 ? "why" : "");
		ctl_print(slice_of(json_string_value(value)));
		ctl_end_row();
	}
	json_array_foreach(api_member(site, "senders"), i, sender)
	{
		(void)printf("%-13s ", i == 0 ? "senders" : "");
		ctl_column(api_text(sender, "key"), 40);
		(void)printf("%" JSON_INTEGER_FORMAT " ready\n",
		    api_number(sender, "ready"));
	}
	json_array_foreach(api_member(site, "domains"), i, domain)
	{
		(void)printf("%-13s ", i == 0 ? "domains" : "");
		show_value(domain, 0);
		ctl_end_row();
	}
	json_decref(site);
	return rc;
}

static int
change(struct ctl *ctl, const char *target, json_t *body)
{
	json_t *site;
	int rc = api_json(ctl, "POST", target, body, &site);

	if (site == NULL)
		return rc;
	ctl_print(api_text(site, "name"));
	(void)printf(": ");
	ctl_print(api_text(site, "state"));
	if (json_is_string(api_member(site, "until"))) {
		(void)printf(" until ");
		ctl_print(api_text(site, "until"));
	}
	ctl_end_row();
	json_decref(site);
	return rc;
}

int
do_site_suspend(struct ctl *ctl)
{
	json_t *body;
	const char *span = ctl->options[OPT_FOR];
	int64_t ms = 0;

	if (span != NULL &&
	    (!value_duration(slice_of(span), &ms) || ms < SECOND)) {
		(void)ctl_fail("--for: \"%s\" is not a duration like \"30m\"",
		    span);
		return CTL_USAGE;
	}
	body = json_pack("{s:s}", "name", ctl->words[0]);
	if (span != NULL && body != NULL)
		(void)json_object_set_new(body, "seconds",
		    json_integer(ms / SECOND));
	return change(ctl, "/v1/sites/suspend", body);
}

int
do_site_resume(struct ctl *ctl)
{
	return change(ctl, "/v1/sites/resume",
	    json_pack("{s:s}", "name", ctl->words[0]));
}
