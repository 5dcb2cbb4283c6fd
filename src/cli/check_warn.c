/* SPDX-License-Identifier: EUPL-1.2 */

/* Gathers the warnings of a configuration: of its contacts, its protocols and its calendar. */

#include "cli/check_warn.h"

#include "base/clock.h"
#include "model/advice.h"
#include "model/contacts.h"

#define CALENDAR_SOON_DAYS 366 /* before the calendar ends */

/* A calendar that ends soon: terms that begin today may come to lie beyond it. */
static void warn_of_calendar(const struct config *config, const char *path, struct mistakes *warnings) {
        const struct clock clock = clock_system();
        day_t today = date_of_instant(clock_realtime(&clock)), until = calendar_until(config->calendar, today);
        char date[DATE_TEXT + 1];

        if (until - today > CALENDAR_SOON_DAYS)
                return;
        date_format(until, date);
        mistakes_place(warnings, path,
                       IN_LANGUAGE(warnings->language,
                                   "the calendar knows no working days from %s on, so terms that end later have no due date; add the year %.4s and "
                                   "its equated days",
                                   "de kalender kent geen werkdagen vanaf %s, dus termijnen die later eindigen krijgen geen einddatum; voeg het jaar %.4s "
                                   "toe met zijn gelijkgestelde dagen"),
                       date, date);
}

int check_warn(const struct config *config, const char *organisations, const char *calendar, struct mistakes *warnings, struct mistakes *mistakes) {
        int r = contacts_check(organisations, config, warnings, mistakes);

        if (r)
                return r;
        protocols_advise(config, warnings);
        warn_of_calendar(config, calendar, warnings);
        return 0;
}
