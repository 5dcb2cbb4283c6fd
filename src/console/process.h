/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * The console as a process: all of its parts, and the server in front of them
 *
 * `ketenwacht console` runs one, and so does the demonstration. With no broker it starts, says so on every page, and goes on by itself.
 */

#include "console/ground.h"

struct console_process;

struct console_process_config { /* all borrowed until console_process_stop() */
        const struct config *config;
        const struct broker_config *broker;
        const struct console_settings *settings;
        const struct kafka_config *kafka;
        struct bus *bus;
        struct clock clock;
        const struct log *log;   /* may be NULL */
        struct metrics *metrics; /* may be NULL */
};

/* Return: 0; -EINVAL, -EADDRINUSE …, -EAGAIN with a sentence; -ENOMEM. */
int console_process_start(const struct console_process_config *config, struct console_process **ret, struct error *err) MUSTCHECK;

/* The port it listens on; 0: a UNIX socket. */
uint16_t console_process_port(const struct console_process *process);

/* Ends the server, then all parts. NULL ok; returns NULL. */
struct console_process *console_process_stop(struct console_process *process);
DEFINE_CLEANUP(struct console_process *, console_process_stop);

/* Answers one request: what the server calls; and tests, without one. */
void console_process_answer(struct console_process *process, const struct web_request *request, struct web_answer *answer);
