/* SPDX-License-Identifier: EUPL-1.2 */

/* Headers of a proxy, to a person. */

#include "console/access/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define PROXY_FORWARDED_FOR "X-Forwarded-For"

static bool proxy_is_near(const struct console_settings *settings, const struct web_request *request) {
        if (web_is_unix(request))
                return true;
        for (size_t i = 0; i < settings->proxies_n; i++) {
                if (strcmp(settings->proxies[i], web_address(request)) == 0)
                        return true;
        }
        return false;
}

static bool proxy_is_believed(const struct console_settings *settings, const struct web_request *request) {
        const char *secret;
        bool many;

        if (!settings->has_proxy || !proxy_is_near(settings, request))
                return false;
        secret = web_header_once(request, settings->secret_header, &many);
        return secret && secrets_find(&settings->secrets, text_of(secret));
}

static struct text proxy_trim(struct text text) {
        while (text.n > 0 && (text.s[0] == ' ' || text.s[0] == '\t')) {
                text.s++;
                text.n--;
        }
        while (text.n > 0 && (text.s[text.n - 1] == ' ' || text.s[text.n - 1] == '\t'))
                text.n--;
        return text;
}

/* The last one is what the proxy itself saw; those before it are what others say. */
static void proxy_read_address(const struct web_request *request, struct person *person) {
        bool many;
        const char *value = web_header_once(request, PROXY_FORWARDED_FOR, &many), *comma;
        struct text last;
        char copy[WEB_ADDRESS_TEXT];
        struct in6_addr any;

        if (!value)
                return;
        comma = strrchr(value, ',');
        last = proxy_trim(text_of(comma ? comma + 1 : value));
        if (last.n == 0 || last.n >= sizeof(copy))
                return;
        (void) snprintf(copy, sizeof(copy), "%.*s", (int)last.n, last.s);
        if (inet_pton(AF_INET, copy, &any) == 1 || inet_pton(AF_INET6, copy, &any) == 1)
                memcpy(person->address, copy, sizeof(copy));
}

bool proxy_read_groups(const struct console_settings *settings, const char *groups, struct person *ret_person) {
        for (const char *at = groups; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
                struct text name = proxy_trim((struct text){at, strcspn(at, ",")});

                for (size_t i = 0; i < settings->groups_n; i++) {
                        const struct console_group *group = &settings->groups[i];

                        if (!text_is(name, group->name))
                                continue;
                        if (group->organisation && ret_person->organisation && group->organisation != ret_person->organisation)
                                return false;
                        ret_person->roles |= group->roles;
                        if (group->organisation)
                                ret_person->organisation = group->organisation;
                }
        }
        return true;
}

enum proxy_says proxy_ask(const struct console_settings *settings, const struct web_request *request, struct person *ret_person) {
        const char *user, *groups;
        struct text name;
        bool many_users, many_groups;

        if (!proxy_is_believed(settings, request))
                return PROXY_NOTHING;
        proxy_read_address(request, ret_person);
        user = web_header_once(request, settings->user_header, &many_users);
        groups = web_header_once(request, settings->groups_header, &many_groups);
        if (many_users || many_groups)
                return PROXY_UNCLEAR;
        name = proxy_trim(text_of(user ? user : ""));
        if (name.n == 0)
                return PROXY_NOTHING;
        if (!person_name_valid(name) || !proxy_read_groups(settings, groups, ret_person))
                return PROXY_UNCLEAR;
        (void) snprintf(ret_person->name, sizeof(ret_person->name), "%.*s", (int)name.n, name.s);
        return ret_person->roles ? PROXY_PERSON : PROXY_NO_ROLES;
}
