/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * Messages in XML, as they may come from strangers
 *
 * UTF-8 without a byte order mark, at most XML_BYTES_MAX, and nothing that leads out of the text: no document type, so no entities but the five of XML
 * itself, and no network. Elements are found by namespace, never by prefix. A document holds what stands in the message, persons too: it is let go of
 * as soon as what is needed was taken, and no sentence here says a value.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#define XML_BYTES_MAX ((size_t)25 * 1024 * 1024) /* iJw OP179 */

struct xml;         /* a document */
struct xml_element; /* of it, and as long as it is there */

enum { XML_E_REFUSED = 1 };

/*
 * Return: 0; XML_E_REFUSED with a sentence: more bytes than XML_BYTES_MAX, a byte order mark, no UTF-8, a document type, or not well-formed;
 * -ENOMEM. The bytes are not needed any more afterwards.
 */
int xml_read(const char *bytes, size_t n, struct xml **ret, struct error *err) MUSTCHECK;
struct xml *xml_free(struct xml *x); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct xml *, xml_free);

/* The one that holds all others. */
const struct xml_element *xml_root(const struct xml *x);

/* The first element in @e, the next one beside it; NULL: there is none. Texts, comments and the like between them are passed over. */
const struct xml_element *xml_first(const struct xml_element *e);
const struct xml_element *xml_next(const struct xml_element *e);

/* The first element in @e of this name and namespace, and the next such beside it; NULL: there is none. */
const struct xml_element *xml_find(const struct xml_element *e, const char *space, const char *name);
const struct xml_element *xml_find_next(const struct xml_element *e, const char *space, const char *name);

/* Its name without a prefix; its namespace, "" when it has none; the line on which it begins, from 1. */
const char *xml_name(const struct xml_element *e);
const char *xml_space(const struct xml_element *e);
long xml_line(const struct xml_element *e);

/* Whether it is of this name and namespace. */
bool xml_is(const struct xml_element *e, const char *space, const char *name);

/* Whether something that is no blank stands directly in @e beside its elements. */
bool xml_has_text(const struct xml_element *e);

/* Whether it has attributes of another namespace than XML Schema's own (xsi:schemaLocation says where a schema is, and nothing else). */
bool xml_has_attributes(const struct xml_element *e);

/* All text in @e without its elements', as it stands, blanks too; borrowed from the document. n is 0 also when memory is out. */
struct text xml_text(struct xml *x, const struct xml_element *e);

/* The same without blanks around it. */
struct text xml_trimmed(struct xml *x, const struct xml_element *e);

/* -- Writing -- */

/* Appends @t as the text of an element: what has a meaning in XML is escaped, and characters that XML cannot have are left out. */
void xml_escape(struct text t, struct buffer *out);

/* -- Schemas of others (XSD), where somebody has them -- */

struct xml_schema;

/*
 * Builds what stands in the file at @path and what it includes from beside it; from then on this process loads no document over the network for
 * libxml2 at all. Return: 0; -EINVAL with a sentence: it cannot be built, which says nothing about any message; -ENOMEM.
 */
int xml_schema_open(const char *path, struct xml_schema **ret, struct error *err) MUSTCHECK;
struct xml_schema *xml_schema_free(struct xml_schema *s); /* NULL ok; returns NULL */
DEFINE_CLEANUP(struct xml_schema *, xml_schema_free);

/* Return: 0; XML_E_REFUSED with the first element that is not as the schema wants it, and its line; -EIO, -ENOMEM with a sentence. */
int xml_schema_check(const struct xml_schema *s, const struct xml *x, struct error *err) MUSTCHECK;
