/*
 * deliver/self.c - our listeners, "*" spelled out by the machine's interfaces.
 */
#include "deliver/self.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "base/alloc.h"
#include "base/slice.h"

struct listening {
	struct ip ip; /* version 0: any of the machine's */
	uint16_t port;
};

struct self {
	struct ip *machine; /* owned */
	size_t machine_count;
	struct listening *listenings; /* owned */
	size_t listening_count;
};

static bool
ip_from_socket(const struct sockaddr *address, struct ip *ip)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*ip = (struct ip){ 0 };
	if (address == NULL)
		return false;
	if (address->sa_family == AF_INET) {
		memcpy(&in, address, sizeof(in));
		memcpy(ip->bytes, &in.sin_addr, 4);
		ip->version = 4;
	} else if (address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof(in6));
		memcpy(ip->bytes, &in6.sin6_addr, 16);
		ip->version = 6;
	}
	return ip->version != 0;
}

static void
read_machine(struct self *self)
{
	struct ifaddrs *all = NULL;
	size_t count = 0;

	if (getifaddrs(&all) != 0)
		return;
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		count++;
	self->machine = mem_array(count, sizeof(*self->machine));
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		if (ip_from_socket(i->ifa_addr,
			&self->machine[self->machine_count]))
			self->machine_count++;
	freeifaddrs(all);
}

void
self_update(struct self *self, const struct conf *conf)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->listener_count; i++)
		count += conf->listeners[i].addresses.n;
	mem_free(self->listenings);
	self->listenings = mem_array(count, sizeof(*self->listenings));
	self->listening_count = 0;
	for (size_t i = 0; i < conf->listener_count; i++) {
		const struct listener_conf *l = &conf->listeners[i];

		for (size_t j = 0; j < l->addresses.n; j++) {
			struct listening *at =
			    &self->listenings[self->listening_count++];

			at->port = l->port;
			if (!ip_parse(slice_of(l->addresses.v[j]), &at->ip))
				at->ip = (struct ip){ 0 };
		}
	}
}

struct self *
self_new(const struct conf *conf)
{
	struct self *self = mem_zero(sizeof(*self));

	read_machine(self);
	self_update(self, conf);
	return self;
}

void
self_free(struct self **self)
{
	if (*self == NULL)
		return;
	mem_free((*self)->machine);
	mem_free((*self)->listenings);
	mem_free(*self);
	*self = NULL;
}

static bool
is_of_machine(const struct self *self, const struct ip *ip)
{
	if (ip_is_loopback(ip))
		return true;
	for (size_t i = 0; i < self->machine_count; i++)
		if (ip_eq(&self->machine[i], ip))
			return true;
	return false;
}

bool
self_listens_at(const struct self *self, const struct ip *ip, uint16_t port)
{
	for (size_t i = 0; i < self->listening_count; i++) {
		const struct listening *at = &self->listenings[i];

		if (at->port != port)
			continue;
		if (at->ip.version == 0 ? is_of_machine(self, ip)
					: ip_eq(&at->ip, ip))
			return true;
	}
	return false;
}
