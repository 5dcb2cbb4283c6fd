/* SPDX-License-Identifier: EUPL-1.2 */

/* Takes a URL apart with libcurl, which will use it, and judges its parts. */

#include "cluster/web_address.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static bool web_address_is_loopback(const char *host) {
        return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
}

struct web_address {
        char *scheme, *host, *user;
};

static int web_address_judge(const struct web_address *a, bool allow_http, const char *credentials, enum language language, struct error *err) {
        if (a->user)
                error_set(err,
                          IN_LANGUAGE(language, "url: must not hold a user or password; use %s",
                                      "url: mag geen gebruiker of wachtwoord bevatten; gebruik %s"),
                          credentials);
        else if (strcmp(a->scheme, "https") != 0 && strcmp(a->scheme, "http") != 0)
                error_set(err, IN_LANGUAGE(language, "url: must begin with https://, not %s://", "url: moet met https:// beginnen, niet met %s://"), a->scheme);
        else if (strcmp(a->scheme, "http") == 0 && !allow_http && !web_address_is_loopback(a->host))
                error_set(err, IN_LANGUAGE(language,
                                           "url: plain http leaves this machine unencrypted; use https, or say allow_http: true for a network that is "
                                           "protected otherwise",
                                           "url: met http gaat alles onversleuteld deze machine uit; gebruik https, of schrijf allow_http: true voor een "
                                           "netwerk dat anders is beveiligd"));
        else
                return 0;
        return -EINVAL;
}

int web_address_check(const char *url, bool allow_http, const char *credentials, enum language language, struct error *err) {
        struct web_address a = {0};
        CURLU *parts = curl_url();
        int r;

        if (!parts)
                return -ENOMEM;
        if (curl_url_set(parts, CURLUPART_URL, url, 0) || curl_url_get(parts, CURLUPART_SCHEME, &a.scheme, 0) ||
            curl_url_get(parts, CURLUPART_HOST, &a.host, 0)) {
                error_set(err, IN_LANGUAGE(language, "url: '%s' is no URL with a host, such as https://example.nl/events",
                                           "url: '%s' is geen URL met een host, zoals https://example.nl/events"),
                          url);
                r = -EINVAL;
        } else {
                (void) curl_url_get(parts, CURLUPART_USER, &a.user, 0); /* stays NULL when there is none */
                r = web_address_judge(&a, allow_http, credentials, language, err);
        }
        curl_free(a.scheme);
        curl_free(a.host);
        curl_free(a.user);
        curl_url_cleanup(parts);
        return r;
}
