/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Reads what the worker tells, from the topics themselves, onto the board: what anyone outside could see. */

#include <stdatomic.h>

#include "bus/bus.h"
#include "demo/board.h"

struct watch_config {
        struct bus *bus;
        const struct event_types *types;
        struct board *board;
        const char *inbox; /* topic: the inbox that is delivered over HTTP */
        bool until_end;    /* read what stands there now, and return; otherwise until *stop */
        const atomic_bool *stop;
};

/* Return: 0; negative errno with a sentence. */
int watch_run(const struct watch_config *config, struct error *err) MUSTCHECK;
