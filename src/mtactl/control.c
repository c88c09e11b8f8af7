/*
 * mtactl/control.c - status, reload, stop, log-level.
 */
#include <stdio.h>

#include "base/time.h"
#include "mtactl/api.h"
#include "mtactl/verbs.h"
#include "mtactl/when.h"

static void
show_numbers(const char *title, const json_t *object, const char *what)
{
	const char *name;
	json_t *value;
	const char *between = "";

	(void)printf("%-12s ", title);
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		(void)printf("%s%s %" JSON_INTEGER_FORMAT, between, name,
		    json_is_real(value) ? (json_int_t)json_real_value(value)
					: json_integer_value(value));
		between = ", ";
	}
	(void)printf("%s\n", what);
}

static void
show_processes(const json_t *list)
{
	int64_t now = time_wall_ms();
	char text[WHEN_SIZE];
	json_t *p;
	size_t i;

	(void)printf("\n%-14s %6s %8s %8s %8s\n", "PROCESS", "NUMBER", "PID",
	    "UP", "RESTARTS");
	json_array_foreach((json_t *)(uintptr_t)list, i, p)
	{
		when_text(api_text(p, "started"), now, text);
		ctl_column(api_text(p, "role"), 14);
		(void)printf("%6" JSON_INTEGER_FORMAT " %8" JSON_INTEGER_FORMAT
			     " %8s %8" JSON_INTEGER_FORMAT "\n",
		    api_number(p, "number"), api_number(p, "pid"), text,
		    api_number(p, "restarts"));
	}
}

/* A listener is an object; its members in the order in which they come. */
static void
show_listeners(const json_t *list)
{
	const char *name;
	json_t *l, *value;
	size_t i;

	(void)printf("\nLISTENERS\n");
	json_array_foreach((json_t *)(uintptr_t)list, i, l)
	{
		json_object_foreach(l, name, value)
		{
			if (json_is_string(value))
				ctl_column(slice_of(json_string_value(value)),
				    16);
			else if (json_is_integer(value))
				(void)printf("%-6" JSON_INTEGER_FORMAT " ",
				    json_integer_value(value));
		}
		ctl_end_row();
	}
}

int
do_status(struct ctl *ctl)
{
	char text[WHEN_SIZE];
	json_t *s;
	int rc = api_json(ctl, "GET", "/v1/status", NULL, &s);

	if (s == NULL)
		return rc;
	when_span((int64_t)api_number(s, "uptime") * SECOND, text);
	(void)printf("mtad ");
	ctl_print(api_text(s, "version"));
	(void)printf(" on ");
	ctl_print(api_text(s, "hostname"));
	(void)printf(", up %s%s\n", text,
	    json_is_true(api_member(s, "recovering"))
		? ", still reading its queue"
		: "");
	show_numbers("queue:", api_member(s, "queue"), "");
	show_numbers("last minute:", api_member(s, "rates"), "");
	show_numbers("since start:", api_member(s, "totals"), "");
	show_numbers("sites:", api_member(s, "sites"), "");
	if (json_array_size(api_member(s, "processes")) > 0)
		show_processes(api_member(s, "processes"));
	if (json_array_size(api_member(s, "listeners")) > 0)
		show_listeners(api_member(s, "listeners"));
	json_decref(s);
	return rc;
}

static int
ask(struct ctl *ctl, const char *target, json_t *body)
{
	json_t *answer;
	int rc = api_json(ctl, "POST", target, body, &answer);

	json_decref(answer);
	return rc;
}

int
do_reload(struct ctl *ctl)
{
	return ask(ctl, "/v1/reload", NULL);
}

int
do_stop(struct ctl *ctl)
{
	return ask(ctl, "/v1/stop", NULL);
}

int
do_log_level(struct ctl *ctl)
{
	return ask(ctl, "/v1/log-level",
	    json_pack("{s:s}", "level", ctl->words[0]));
}
