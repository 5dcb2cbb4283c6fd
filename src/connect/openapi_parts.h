/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/* Pieces of which OpenAPI documents are made, whoever serves them. */

#include "base/json.h"

#define OPENAPI_VERSION "3.1.0"
#define OPENAPI_REFERENCE_MAX 320 /* bytes of a reference or a path, with its NUL; what is longer is cut */

/* A value: the reference to a component of a kind, such as "schemas", whose name is @name and @suffix. */
void openapi_reference(struct json_writer *w, const char *kind, const char *name, const char *suffix);

/* A member: the schema of a property of one of JSON Schema's types. */
void openapi_property(struct json_writer *w, const char *name, const char *type, const char *doc);

/* The members title, version and license of info, and its description; the object is begun and ended. */
void openapi_info(struct json_writer *w, const char *title, const char *version, const char *description);
