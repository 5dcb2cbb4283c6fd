/* SPDX-License-Identifier: EUPL-1.2 */

/* Looks at the topics of a command that runs for long: at the start, and again after a while. */

#include "cli/upkeep.h"

#include "bus/bus.h"
#include "cluster/upkeep.h"

#define UPKEEP_MS BUS_REFRESH_MS /* between two looks … */
#define UPKEEP_PATIENCE_MS 2000  /* … each so long at most, since a stop waits for it */

static void command_upkeep_look(struct command_upkeep *u) {
        struct error err = {0};
        int r = u->look(u->ctx, u->admin, &err);

        u->at = clock_monotonic(&u->log->clock);
        if (r == UPKEEP_E_UNSOUND)
                u->unsound = err;
        if (r == UPKEEP_E_UNKNOWN && !u->said)
                log_line(u->log, TOPICS_UNKNOWN, LOG_STRING("reason", err.text));
        u->said |= r == UPKEEP_E_UNKNOWN;
}

int command_upkeep_open(const char *name, const struct kafka_config *kafka, struct command_upkeep *u) {
        struct error err;

        error_set(&err, "out of memory");
        if (admin_new(kafka, &u->admin, &err))
                return command_fail(name, EXIT_BROKER, &err);
        admin_patience(u->admin, UPKEEP_PATIENCE_MS);
        command_upkeep_look(u);
        return u->unsound.text[0] ? command_fail(name, EXIT_USAGE, &u->unsound) : EXIT_DONE;
}

bool command_upkeep_sound(struct command_upkeep *u) {
        if (!u->unsound.text[0] && clock_monotonic(&u->log->clock) - u->at >= UPKEEP_MS)
                command_upkeep_look(u);
        return !u->unsound.text[0];
}

int command_upkeep_conclude(const char *name, const char *instance, const struct command_upkeep *u) {
        if (!u->unsound.text[0])
                return EXIT_DONE;
        log_line(u->log, FAILED, LOG_STRING("instance", instance), LOG_STRING("error", u->unsound.text), LOG_STRING("way", ""));
        return command_fail(name, EXIT_USAGE, &u->unsound);
}

void command_upkeep_done(struct command_upkeep *u) {
        admin_free(u->admin);
        u->admin = NULL;
}
