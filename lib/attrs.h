/*
 * attrs: attributes of a netlink message, sorted by type into a table of max + 1 pointers into the
 * message; types above `max` are passed over, what is not there is NULL.
 */
#ifndef TCPQUOTA_ATTRS_H
#define TCPQUOTA_ATTRS_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the longest piece of a dump that the kernel sends (netlink_dump(): 32 KiB). */
#define ATTRS_BUFFER 32768

/* Those behind the `header` bytes of the message's own header. */
void attrs_sort(const struct nlmsghdr *nlh, size_t header, const struct nlattr **table,
                uint16_t max);
/* Those within `nest`; none if it is NULL. */
void attrs_sort_nested(const struct nlattr *nest, const struct nlattr **table, uint16_t max);
/* Whether it is there and holds at least so many bytes. */
bool attrs_has(const struct nlattr *attr, size_t bytes);

#endif
