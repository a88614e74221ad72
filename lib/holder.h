/* holder: a user whose process has a socket open. A plain value. */
#ifndef TCPQUOTA_HOLDER_H
#define TCPQUOTA_HOLDER_H

#include <stdint.h>

struct holder {
    uint64_t inode; /* of the socket */
    uint32_t uid;
    uint32_t unused; /* named, so that all bytes are set */
};

#endif
