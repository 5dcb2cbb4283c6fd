/* SPDX-License-Identifier: EUPL-1.2 */

/* Reads XML from strangers with libxml2, and holds it to an XSD. */

#include "channel/xml.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/parser.h>
#include <libxml/xmlIO.h>
#include <libxml/xmlschemas.h>

#include "base/arena.h"
#include "base/utf8.h"

#define XML_TEXTS_MAX (XML_BYTES_MAX + 4096) /* of texts that comments divide */
#define XML_SCHEMA_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"
#define XML_BLANKS " \t\r\n"
/* HUGE: without it a long run of blanks is refused; what it also lets through is bounded by XML_BYTES_MAX, and there are no entities. */
#define XML_OPTIONS (XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES | XML_PARSE_HUGE)

struct xml {
        xmlDocPtr document;
        struct arena *texts;
};

struct xml_schema {
        xmlSchemaPtr schema;
};

/* -- Reading -- */

/* While it is read: _private of the parser's context. */
struct xml_reading {
        bool doctype;
};

/* A document type: nothing behind it is looked at. */
static void xml_on_doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
        xmlParserCtxtPtr parser = ctx;

        (void)name;
        (void)external;
        (void)system;
        ((struct xml_reading *)parser->_private)->doctype = true;
        xmlStopParser(parser);
}

static int xml_refuse_bytes(const char *bytes, size_t n, struct error *err) {
        if (n > XML_BYTES_MAX) {
                error_set(err, "it has %zu bytes, and a message may have %zu", n, XML_BYTES_MAX);
                return XML_E_REFUSED;
        }
        if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
                error_set(err, "it begins with a byte order mark; leave it out");
                return XML_E_REFUSED;
        }
        if (memchr(bytes, '\0', n) || !utf8_valid(bytes, n)) {
                error_set(err, "it is not UTF-8; no other encoding is taken");
                return XML_E_REFUSED;
        }
        return 0;
}

static int xml_refuse(xmlParserCtxtPtr parser, const struct xml_reading *reading, struct error *err) {
        const xmlError *e = xmlCtxtGetLastError(parser);

        if (e && e->code == XML_ERR_NO_MEMORY)
                return -ENOMEM;
        if (reading->doctype)
                error_set(err, "it has a document type, which no message may have");
        else if (e)
                error_set(err, "line %d: it is not well-formed XML (libxml2 %d)", e->line, e->code);
        else
                error_set(err, "it is not well-formed XML");
        return XML_E_REFUSED;
}

int xml_read(const char *bytes, size_t n, struct xml **ret, struct error *err) {
        CLEANUP(xml_free_p) struct xml *x = NULL;
        struct xml_reading reading = {0};
        xmlParserCtxtPtr parser;
        int r = xml_refuse_bytes(bytes, n, err);

        if (r)
                return r;
        x = calloc(1, sizeof(*x));
        parser = xmlNewParserCtxt();
        if (!x || !parser || arena_new(&x->texts, XML_TEXTS_MAX) < 0) {
                xmlFreeParserCtxt(parser);
                return -ENOMEM;
        }
        parser->_private = &reading;
        parser->sax->internalSubset = xml_on_doctype;
        x->document = xmlCtxtReadMemory(parser, bytes, (int)n, NULL, NULL, XML_OPTIONS);
        if (!x->document || reading.doctype || !xmlDocGetRootElement(x->document))
                r = xml_refuse(parser, &reading, err);
        xmlFreeParserCtxt(parser);
        if (r)
                return r;
        if (x->document->encoding && strcasecmp((const char *)x->document->encoding, "UTF-8") != 0) {
                error_set(err, "line 1: it says that it is of another encoding than UTF-8; no other is taken");
                return XML_E_REFUSED;
        }
        *ret = TAKE(x);
        return 0;
}

struct xml *xml_free(struct xml *x) {
        if (!x)
                return NULL;
        xmlFreeDoc(x->document);
        arena_free(x->texts);
        free(x);
        return NULL;
}

/* -- Walking -- */

static const xmlNode *xml_node(const struct xml_element *e) {
        return (const xmlNode *)(const void *)e;
}

static const struct xml_element *xml_element_from(const xmlNode *node) {
        while (node && node->type != XML_ELEMENT_NODE)
                node = node->next;
        return (const struct xml_element *)(const void *)node;
}

const struct xml_element *xml_root(const struct xml *x) {
        return xml_element_from(xmlDocGetRootElement(x->document));
}

const struct xml_element *xml_first(const struct xml_element *e) {
        return xml_element_from(xml_node(e)->children);
}

const struct xml_element *xml_next(const struct xml_element *e) {
        return xml_element_from(xml_node(e)->next);
}

static const struct xml_element *xml_seek(const struct xml_element *e, const char *space, const char *name) {
        while (e && !xml_is(e, space, name))
                e = xml_next(e);
        return e;
}

const struct xml_element *xml_find(const struct xml_element *e, const char *space, const char *name) {
        return xml_seek(xml_first(e), space, name);
}

const struct xml_element *xml_find_next(const struct xml_element *e, const char *space, const char *name) {
        return xml_seek(xml_next(e), space, name);
}

const char *xml_name(const struct xml_element *e) {
        return (const char *)xml_node(e)->name;
}

const char *xml_space(const struct xml_element *e) {
        const xmlNs *ns = xml_node(e)->ns;

        return ns && ns->href ? (const char *)ns->href : "";
}

long xml_line(const struct xml_element *e) {
        return xmlGetLineNo(xml_node(e));
}

bool xml_is(const struct xml_element *e, const char *space, const char *name) {
        return strcmp(xml_name(e), name) == 0 && strcmp(xml_space(e), space) == 0;
}

static bool xml_is_text(const xmlNode *node) {
        return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE;
}

bool xml_has_text(const struct xml_element *e) {
        for (const xmlNode *node = xml_node(e)->children; node; node = node->next) {
                if (xml_is_text(node) && node->content[strspn((const char *)node->content, XML_BLANKS)])
                        return true;
        }
        return false;
}

bool xml_has_attributes(const struct xml_element *e) {
        for (const xmlAttr *a = xml_node(e)->properties; a; a = a->next) {
                if (!a->ns || strcmp((const char *)a->ns->href, XML_SCHEMA_INSTANCE) != 0)
                        return true;
        }
        return false;
}

struct text xml_text(struct xml *x, const struct xml_element *e) {
        const char *one = NULL;
        size_t pieces = 0, n = 0;
        char *all, *at;

        for (const xmlNode *node = xml_node(e)->children; node; node = node->next) {
                if (!xml_is_text(node))
                        continue;
                one = (const char *)node->content;
                n += strlen(one);
                pieces++;
        }
        if (pieces <= 1)
                return (struct text){one, n};
        all = at = arena_alloc(x->texts, n + 1);
        if (!all)
                return (struct text){0};
        for (const xmlNode *node = xml_node(e)->children; node; node = node->next) {
                if (xml_is_text(node))
                        at = text_write(at, text_of((const char *)node->content));
        }
        return (struct text){all, n};
}

struct text xml_trimmed(struct xml *x, const struct xml_element *e) {
        struct text t = xml_text(x, e);

        while (t.n > 0 && strchr(XML_BLANKS, t.s[0]))
                t = (struct text){t.s + 1, t.n - 1};
        while (t.n > 0 && strchr(XML_BLANKS, t.s[t.n - 1]))
                t.n--;
        return t;
}

/* -- Writing -- */

void xml_escape(struct text t, struct buffer *out) {
        for (size_t i = 0; i < t.n; i++) {
                unsigned char c = (unsigned char)t.s[i];

                if (c == '<')
                        buffer_add_text(out, "&lt;");
                else if (c == '>')
                        buffer_add_text(out, "&gt;");
                else if (c == '&')
                        buffer_add_text(out, "&amp;");
                else if (c >= 0x20 || c == '\t' || c == '\n')
                        buffer_add_byte(out, c);
        }
}

/* -- Schemas -- */

/* The first complaint: where. What libxml2 says itself may hold a value. */
struct xml_complaint {
        bool some;
        int line, code;
        char element[128];
};

/* Of libxml2's callbacks the type differs between releases. */
static void xml_on_complaint(void *ctx, xmlErrorPtr e) {
        struct xml_complaint *c = ctx;
        const xmlNode *node = e->node;

        if (c->some)
                return;
        *c = (struct xml_complaint){.some = true, .line = e->line, .code = e->code};
        if (node && node->type == XML_ATTRIBUTE_NODE)
                node = node->parent;
        if (node && node->type == XML_ELEMENT_NODE)
                (void) snprintf(c->element, sizeof(c->element), "%s", (const char *)node->name);
}

/* What libxml2 would print by itself. */
static void xml_on_print(void *ctx, xmlErrorPtr e) {
        (void)ctx;
        (void)e;
}

int xml_schema_open(const char *path, struct xml_schema **ret, struct error *err) {
        CLEANUP(xml_schema_free_p) struct xml_schema *s = calloc(1, sizeof(*s));
        xmlSchemaParserCtxtPtr parser;
        struct xml_complaint c = {0};

        if (!s)
                return -ENOMEM;
        xmlSetExternalEntityLoader(xmlNoNetExternalEntityLoader);
        parser = xmlSchemaNewParserCtxt(path);
        if (!parser)
                return -ENOMEM;
        xmlSchemaSetParserStructuredErrors(parser, xml_on_complaint, &c);
        xmlSetStructuredErrorFunc(NULL, xml_on_print); /* of this thread: a file that cannot be opened */
        s->schema = xmlSchemaParse(parser);
        xmlSetStructuredErrorFunc(NULL, NULL);
        xmlSchemaFreeParserCtxt(parser);
        if (!s->schema) {
                error_set(err, "%s: no XSD can be built of it and what it includes (line %d, libxml2 %d); is the basic schema beside it?", path, c.line,
                          c.code);
                return -EINVAL;
        }
        *ret = TAKE(s);
        return 0;
}

struct xml_schema *xml_schema_free(struct xml_schema *s) {
        if (!s)
                return NULL;
        xmlSchemaFree(s->schema);
        free(s);
        return NULL;
}

int xml_schema_check(const struct xml_schema *s, const struct xml *x, struct error *err) {
        xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(s->schema);
        struct xml_complaint c = {0};
        int r;

        if (!valid)
                return -ENOMEM;
        xmlSchemaSetValidStructuredErrors(valid, xml_on_complaint, &c);
        r = xmlSchemaValidateDoc(valid, x->document);
        xmlSchemaFreeValidCtxt(valid);
        if (r == 0)
                return 0;
        if (r < 0) {
                error_set(err, "libxml2 could not hold the message to its XSD");
                return -EIO;
        }
        error_set(err, "line %d, %s: it is not as its XSD says (libxml2 %d)", c.line, c.element[0] ? c.element : "document", c.code);
        return XML_E_REFUSED;
}
