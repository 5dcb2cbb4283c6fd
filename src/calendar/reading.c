/* SPDX-License-Identifier: EUPL-1.2 */

/* A date as a scalar of a YAML file. */

#include "calendar/reading.h"

/* How much of a wrong value a mistake repeats. */
#define SHOWN "%.80s"

bool reading_date(struct reading *r, const struct yaml_node *node, const char *what, day_t *ret) {
        if (!reading_scalar(r, node, what))
                return false;
        if (date_parse(text_of(node->text), ret))
                return true;
        reading_mistake(r, node,
                        IN_READING(r, "%s '" SHOWN "' is not a date: YYYY-MM-DD, a day of the years 1900 to 2200",
                                   "%s '" SHOWN "' is geen datum: JJJJ-MM-DD, een dag uit de jaren 1900 tot en met 2200"),
                        what, node->text);
        return false;
}
