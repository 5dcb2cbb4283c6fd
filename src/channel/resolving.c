/* SPDX-License-Identifier: EUPL-1.2 */

/* The C library's getaddrinfo_a(), with its question and answer in one object. */

#include "channel/resolving.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Who ends it last frees it: whoever asked, or the C library's thread. */
enum resolving_state { RESOLVING_OPEN, RESOLVING_OVER, RESOLVING_ORPHAN };

struct resolving {
        struct gaicb question;
        atomic_int state;
        struct addrinfo hints;
        char host[RESOLVING_HOST_MAX + 1];
};

bool resolving_is_name(const char *host) {
        struct in6_addr address;

        return inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1;
}

static void resolving_done(struct resolving *r) {
        if (r->question.ar_result)
                freeaddrinfo(r->question.ar_result);
        free(r);
}

/* @locality a thread of the C library, when the answer is there. */
static void resolving_on_answer(union sigval value) {
        struct resolving *r = value.sival_ptr;

        if (atomic_exchange(&r->state, RESOLVING_OVER) == RESOLVING_ORPHAN)
                resolving_done(r);
}

int resolving_start(const char *host, struct resolving **ret) {
        struct resolving *r = strlen(host) <= RESOLVING_HOST_MAX ? calloc(1, sizeof(*r)) : NULL;
        struct sigevent told = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = resolving_on_answer, .sigev_value.sival_ptr = r};
        struct gaicb *list[1];
        int e;

        if (!r)
                return strlen(host) > RESOLVING_HOST_MAX ? -ENAMETOOLONG : -ENOMEM;
        memcpy(r->host, host, strlen(host) + 1);
        r->hints = (struct addrinfo){.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
        r->question = (struct gaicb){.ar_name = r->host, .ar_request = &r->hints};
        list[0] = &r->question;
        e = getaddrinfo_a(GAI_NOWAIT, list, 1, &told);
        if (e) {
                free(r);
                return e == EAI_MEMORY ? -ENOMEM : -EAGAIN;
        }
        *ret = r;
        return 0;
}

static size_t resolving_write(const struct addrinfo *found, struct buffer *addresses) {
        char text[INET6_ADDRSTRLEN];
        size_t n = 0;

        for (; found && n < RESOLVING_ADDRESSES_MAX; found = found->ai_next) {
                if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST))
                        continue;
                buffer_printf(addresses, "%s%s", n++ > 0 ? "," : "", text);
        }
        return n;
}

int resolving_wait(struct resolving *r, int timeout_ms, struct buffer *addresses, size_t *ret_n, struct error *err) {
        const struct gaicb *const list[] = {&r->question};
        const struct timespec patience = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
        int e;

        if (atomic_load(&r->state) == RESOLVING_OPEN && timeout_ms > 0)
                (void) gai_suspend(list, 1, &patience);
        if (atomic_load(&r->state) == RESOLVING_OPEN)
                return 0; /* also for a moment after the answer, until we are told of it */
        e = gai_error(&r->question);
        *ret_n = e == 0 ? resolving_write(r->question.ar_result, addresses) : 0;
        if (*ret_n > 0)
                return 1;
        error_set(err, "%s has no address: %s", r->host, e ? gai_strerror(e) : "none that can be used");
        return -ENOENT;
}

struct resolving *resolving_free(struct resolving *r) {
        if (!r)
                return NULL;
        if (atomic_exchange(&r->state, RESOLVING_ORPHAN) == RESOLVING_OVER)
                resolving_done(r);
        return NULL;
}
