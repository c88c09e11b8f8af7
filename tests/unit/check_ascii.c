/* unit/check_ascii.c - classes of characters, for each of the 256. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/ascii.h"

START_TEST(every_byte_is_in_its_classes)
{
	const char *lower = "abcdefghijklmnopqrstuvwxyz";
	const char *upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (int i = 0; i < 256; i++) {
		char c = (char)(unsigned char)i;
		const char *at_lower = i == 0 ? NULL : strchr(lower, c);
		const char *at_upper = i == 0 ? NULL : strchr(upper, c);
		bool digit = i != 0 && strchr("0123456789", c) != NULL;

		ck_assert_int_eq(ascii_is_digit(c), digit);
		ck_assert_int_eq(ascii_is_alpha(c),
		    at_lower != NULL || at_upper != NULL);
		ck_assert_int_eq(ascii_is_alnum(c), digit || ascii_is_alpha(c));
		ck_assert_int_eq(ascii_is_space(c),
		    i == ' ' || i == '\t' || i == '\r' || i == '\n');
		ck_assert_int_eq(ascii_is_control(c), i < 32 || i == 127);
		ck_assert_int_eq(ascii_is_graphic(c), i > 32 && i < 127);
		ck_assert_int_eq(ascii_lower(c),
		    at_upper != NULL ? lower[at_upper - upper] : c);
		ck_assert_int_eq(ascii_upper(c),
		    at_lower != NULL ? upper[at_lower - lower] : c);
	}
}
END_TEST

START_TEST(hex_digits_have_values)
{
	const char *hex = "0123456789abcdef";

	for (int i = 0; i < 256; i++) {
		char c = (char)(unsigned char)i;
		const char *at = i == 0 ? NULL : strchr(hex, ascii_lower(c));

		ck_assert_int_eq(ascii_hex_value(c),
		    at == NULL ? -1 : (int)(at - hex));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ascii");
	TCase *tc = tcase_create("ascii");

	tcase_add_test(tc, every_byte_is_in_its_classes);
	tcase_add_test(tc, hex_digits_have_values);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
