/*
 * mtad/mtad.c - the program: reads its arguments and becomes the master, or
 * the role that the master re-executed it for.
 */
int
main(void)
{
	return 0;
}
