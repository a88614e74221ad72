/*
 * ports: ports and ranges of them, of TCP, of UDP or of both, as a configuration names them.
 *
 * A list owns its memory; port_list_free() gives it back and leaves it empty. Nothing blocks.
 */
#ifndef TCPQUOTA_PORTS_H
#define TCPQUOTA_PORTS_H

#include <stddef.h>
#include <stdint.h>

struct port_range {
    uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, 0: both */
    uint16_t first, last;
};

struct port_list {
    struct port_range *ranges;
    size_t count;
};

/* `80`, `8000-8099`, `tcp/80`, `udp/5000-5010`. 0, or -EINVAL and *out untouched. */
int port_range_parse(const char *text, struct port_range *out);
/* 0 or -ENOMEM. */
int port_list_add(struct port_list *list, const struct port_range *range);
void port_list_free(struct port_list *list);

#endif
