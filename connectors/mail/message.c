/* SPDX-License-Identifier: EUPL-1.2 */

/* Writes a mail: headers that make threads, and a body of a sentence, a table of ids, and a link. */

#include "connectors/mail/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "calendar/explain.h"
#include "connectors/mail/mime.h"
#include "model/norm.h"

#define TEXT_COLUMNS 72
#define LABEL_COLUMNS 11
#define HEADER_VALUE_MAX 1024
#define LINE_VALUE_MAX 512
#define MESSAGE_FOOT "\n-- \nketenwacht. Deze mail is vanzelf gemaakt en bevat geen persoonsgegevens.\n"

enum message_kind message_kind_of(const struct event_type *type) {
        switch (type->known) {
        case TYPE_ESCALATION_RAISED:
                return MESSAGE_RAISED;
        case TYPE_ESCALATION_RESOLVED:
                return MESSAGE_RESOLVED;
        case TYPE_PLAN_DUE:
                return MESSAGE_PLAN;
        case TYPE_EVENT_REFUSED:
                return MESSAGE_NO;
        default:
                return MESSAGE_COPY;
        }
}

/* -- What the record says -- */

struct text message_role(const struct event *event) {
        return message_kind_of(event->type) == MESSAGE_COPY ? (struct text){0} : event_text(event, "role");
}

/* What all mails about one obligation have in common, whatever the rung. */
static struct uuid message_obligation(const struct event *event) {
        struct text protocol = event_text(event, "protocol"), norm = event_text(event, "norm"), instance = event_text(event, "instance");
        char case_id[UUID_TEXT + 1], name[HEADER_VALUE_MAX];
        int n;

        event_id_text(event, "case_id", case_id);
        n = snprintf(name, sizeof(name), "thread|%s|%.*s|%.*s|%.*s", case_id, (int)protocol.n, protocol.s, (int)norm.n, norm.s, (int)instance.n, instance.s);
        return uuid_v5(&uuid_namespace_ketenwacht, name, (size_t)n < sizeof(name) ? (size_t)n : sizeof(name) - 1);
}

/* -- Headers -- */

struct message {
        const struct message_style *style;
        const struct organisation *organisation;
        const struct event *event; /* of a digest NULL */
        enum message_kind kind;
        char case_id[UUID_TEXT + 1], event_id[UUID_TEXT + 1];
        struct buffer *out;
        bool wrong;
};

static void message_add_header(struct message *m, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void message_add_header(struct message *m, const char *name, const char *fmt, ...) {
        char value[HEADER_VALUE_MAX];
        va_list args;
        int n;

        va_start(args, fmt);
        n = vsnprintf(value, sizeof(value), fmt, args);
        va_end(args);
        m->wrong |= n < 0 || (size_t)n >= sizeof(value) || !mime_write_header(m->out, name, value);
}

static void message_add_subject(struct message *m) {
        struct text norm = event_text(m->event, "norm"), code = event_text(m->event, "code");
        const struct slot *rung = event_slot(m->event, "rung", SLOT_INT);
        int trede = rung ? (int)rung->i : 0;

        switch (m->kind) {
        case MESSAGE_RAISED:
                message_add_header(m, "Subject", "ketenwacht: %.*s, trede %d, zaak %s", (int)norm.n, norm.s, trede, m->case_id);
                break;
        case MESSAGE_RESOLVED:
                message_add_header(m, "Subject", "ketenwacht: %.*s, trede %d opgelost, zaak %s", (int)norm.n, norm.s, trede, m->case_id);
                break;
        case MESSAGE_PLAN:
                message_add_header(m, "Subject", "ketenwacht: %.*s, termijn, zaak %s", (int)norm.n, norm.s, m->case_id);
                break;
        case MESSAGE_NO:
                message_add_header(m, "Subject", "ketenwacht: bericht geweigerd, %.*s, zaak %s", (int)code.n, code.s, m->case_id);
                break;
        default:
                message_add_header(m, "Subject", "ketenwacht: %s, zaak %s", m->event->type->name, m->case_id);
        }
}

static void message_add_thread(struct message *m) {
        const char *domain = m->style->domain;
        char root[UUID_TEXT + 1], alert[UUID_TEXT + 1];
        struct uuid obligation;

        message_add_header(m, "Message-ID", "<%s@%s>", m->event_id, domain);
        if (m->kind == MESSAGE_NO || m->kind == MESSAGE_COPY)
                return;
        obligation = message_obligation(m->event);
        uuid_format(&obligation, root);
        event_id_text(m->event, "alert_id", alert);
        if (alert[0]) {
                message_add_header(m, "In-Reply-To", "<%s@%s>", alert, domain);
                message_add_header(m, "References", "<%s@%s> <%s@%s>", root, domain, alert, domain);
        } else {
                message_add_header(m, "References", "<%s@%s>", root, domain);
        }
}

/* "To" has mailboxes, "Cc" their deputies. */
static void message_add_recipients(struct message *m, const struct recipients *to, bool deputies) {
        char value[RECIPIENTS_MAX * (MAILBOX_MAX + 2) + 1];
        size_t n = 0;

        value[0] = '\0';
        for (size_t i = 0; i < to->n; i++) {
                if (to->items[i].deputy == deputies)
                        n += (size_t)snprintf(value + n, sizeof(value) - n, "%s%s", n ? ", " : "", to->items[i].address);
        }
        if (n)
                m->wrong |= !mime_write_header(m->out, deputies ? "Cc" : "To", value);
}

static void message_add_sender(struct message *m, const struct recipients *to) {
        const struct message_style *style = m->style;

        if (style->name[0])
                message_add_header(m, "From", "%s <%s>", style->name, style->from);
        else
                message_add_header(m, "From", "%s", style->from);
        message_add_recipients(m, to, false);
        message_add_recipients(m, to, true);
}

static void message_add_form(struct message *m) {
        message_add_header(m, "List-Id", "<%s.ketenwacht.%s>", m->organisation->id, m->style->domain);
        message_add_header(m, "Auto-Submitted", "auto-generated");
        message_add_header(m, "Content-Language", "nl");
        message_add_header(m, "MIME-Version", "1.0");
        message_add_header(m, "Content-Type", "text/plain; charset=utf-8");
        message_add_header(m, "Content-Transfer-Encoding", "quoted-printable");
        buffer_add_text(m->out, "\r\n");
}

static void message_add_headers(struct message *m, const struct recipients *to) {
        const struct slot *recorded = &m->event->slots[SLOT_RECORDED_AT];
        char date[MIME_DATE_MAX];

        message_add_sender(m, to);
        message_add_subject(m);
        message_add_header(m, "Date", "%s", mime_date(recorded->kind == SLOT_INT ? recorded->i : 0, date));
        message_add_thread(m);
        message_add_form(m);
}

/* -- The body -- */

static void message_print_organisation(const struct message *m, struct text id, struct buffer *out) {
        organisations_print(m->style->organisations, id, out);
}

static void message_add_line(struct buffer *body, const char *label, struct text value) {
        if (value.n > 0)
                buffer_printf(body, "%s:%*s %.*s\n", label, (int)(LABEL_COLUMNS - strlen(label)), "", (int)value.n, value.s);
}

static void message_add_party(const struct message *m, struct buffer *body, const char *label, const char *id) {
        CLEANUP(buffer_done) struct buffer value = BUFFER_INIT(LINE_VALUE_MAX);

        message_print_organisation(m, text_of(id), &value);
        message_add_line(body, label, text_of(buffer_text(&value)));
}

static void message_add_sentence(const struct message *m, struct buffer *body) {
        CLEANUP(buffer_done) struct buffer sentence = BUFFER_INIT(MESSAGE_MAX);

        if (m->kind != MESSAGE_COPY) {
                mime_wrap(body, event_text(m->event, "text"), TEXT_COLUMNS);
                return;
        }
        buffer_add_text(&sentence, "Er is een bericht voor u: ");
        event_type_print_dutch(m->event->type, &sentence);
        buffer_add_text(&sentence, ", van ");
        message_print_organisation(m, m->event->slots[SLOT_SOURCE].s, &sentence);
        buffer_add_text(&sentence, ". Wat erin staat, staat niet in deze mail.");
        mime_wrap(body, text_of(buffer_text(&sentence)), TEXT_COLUMNS);
}

static void message_add_table(const struct message *m, const struct organisation *gi, struct buffer *body) {
        const struct slot *due = event_slot(m->event, "due_date", SLOT_INT), *rung = event_slot(m->event, "rung", SLOT_INT);
        char refused[UUID_TEXT + 1], number[16], day[DATE_DUTCH_MAX], role[NAME_MAX_BYTES + 1];
        struct text as = message_role(m->event);

        message_add_line(body, "Norm", event_text(m->event, "norm"));
        message_add_line(body, "Protocol", event_text(m->event, "protocol"));
        (void) snprintf(number, sizeof(number), "%d", rung ? (int)rung->i : 0);
        message_add_line(body, "Trede", text_of(rung ? number : ""));
        if (due)
                message_add_line(body, "Uiterlijk", date_dutch_text((day_t)due->i, day));
        message_add_line(body, "Code", event_text(m->event, "code"));
        event_id_text(m->event, "refused", refused);
        message_add_line(body, "Geweigerd", text_of(refused));
        message_add_line(body, "Zaak", text_of(m->case_id));
        if (gi)
                message_add_party(m, body, "GI", gi->id);
        (void) snprintf(role, sizeof(role), "%.*s", (int)as.n, as.s ? as.s : "");
        message_add_party(m, body, "Voor", m->organisation->id);
        if (as.n > 0)
                message_add_line(body, "Als", text_of(role_dutch(role)));
        message_add_line(body, "Kenmerk", text_of(m->event_id));
}

/* -- The link -- */

enum link_word { LINK_CASE, LINK_EVENT, LINK_ORGANISATION, LINK_WORDS };
static const char *const link_words[LINK_WORDS] = {"{case_id}", "{event_id}", "{organisation}"};

/* Which word stands at @at; LINK_WORDS: none. */
static enum link_word link_word_at(const char *at) {
        unsigned word = 0;

        while (word < LINK_WORDS && strncmp(at, link_words[word], strlen(link_words[word])) != 0)
                word++;
        return (enum link_word)word;
}

int message_check_link(const char *link, struct error *err) {
        bool address = strncmp(link, "https://", 8) == 0 || strncmp(link, "http://", 7) == 0;

        for (const char *at = link; *at; at++) {
                address &= *at > ' ' && *at < 0x7f;
                if (*at != '{' || link_word_at(at) < LINK_WORDS)
                        continue;
                error_set(err, "link: in braces may stand {case_id}, {event_id} and {organisation}, and nothing else");
                return -EINVAL;
        }
        if (!link[0] || address)
                return 0;
        error_set(err, "link: must be an address of the web, such as https://ketenwacht.example/zaken/{case_id}");
        return -EINVAL;
}

static void message_add_link(const struct message *m, struct buffer *body) {
        const char *const values[LINK_WORDS] = {m->case_id, m->event_id, m->organisation->id};

        for (const char *at = m->style->link; *at;) {
                enum link_word word = *at == '{' ? link_word_at(at) : LINK_WORDS;

                if (word < LINK_WORDS) {
                        buffer_add_text(body, values[word]);
                        at += strlen(link_words[word]);
                } else {
                        buffer_add_byte(body, (uint8_t)*at++);
                }
        }
        buffer_add_byte(body, '\n');
}

/* Why the operators get it. */
static void message_add_nobody(const struct message *m, struct buffer *body) {
        CLEANUP(buffer_done) struct buffer sentence = BUFFER_INIT(LINE_VALUE_MAX);

        buffer_add_text(&sentence, "Van ");
        message_print_organisation(m, text_of(m->organisation->id), &sentence);
        buffer_add_text(&sentence, " is geen postvak bekend; daarom komt dit bij het beheer.");
        buffer_add_byte(body, '\n');
        mime_wrap(body, text_of(buffer_text(&sentence)), TEXT_COLUMNS);
}

static void message_end(struct message *m, struct buffer *body) {
        buffer_add_text(body, MESSAGE_FOOT);
        mime_write_quoted(m->out, text_of(buffer_text(body)));
        m->out->failed |= body->failed;
}

static void message_add_body(struct message *m, const struct recipients *to, const struct organisation *gi) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(MESSAGE_MAX);

        message_add_sentence(m, &body);
        if (to->operators)
                message_add_nobody(m, &body);
        buffer_add_byte(&body, '\n');
        message_add_table(m, gi, &body);
        if (m->style->link[0]) {
                buffer_add_byte(&body, '\n');
                message_add_link(m, &body);
        }
        message_end(m, &body);
}

/* -- Many records in one -- */

void message_write_item(const struct message_style *style, const struct event *event, struct buffer *out) {
        const struct message m = {.style = style, .event = event, .kind = message_kind_of(event->type)};
        struct text norm = event_text(event, "norm");
        char id[UUID_TEXT + 1];

        message_add_sentence(&m, out);
        if (norm.n > 0)
                buffer_printf(out, "  Norm:    %.*s\n", (int)norm.n, norm.s);
        event_id_text(event, "case_id", id);
        buffer_printf(out, "  Zaak:    %s\n", id);
        event_id_text(event, "event_id", id);
        buffer_printf(out, "  Kenmerk: %s\n\n", id);
}

int message_write_digest(const struct message_style *style, const struct message_digest *digest, const struct recipients *to, struct buffer *out) {
        CLEANUP(buffer_done) struct buffer body = BUFFER_INIT(DIGEST_MAX), sentence = BUFFER_INIT(LINE_VALUE_MAX);
        struct message m = {.style = style, .organisation = digest->organisation, .out = out};
        char date[MIME_DATE_MAX], id[UUID_TEXT + 1], day[DATE_TEXT + 1];

        uuid_format(&digest->id, id);
        date_format(date_of_instant(digest->at), day);
        message_add_sender(&m, to);
        message_add_header(&m, "Subject", "ketenwacht: dagoverzicht %s %s (%zu)", digest->organisation->id, day, digest->n);
        message_add_header(&m, "Date", "%s", mime_date(digest->at, date));
        message_add_header(&m, "Message-ID", "<%s@%s>", id, style->domain);
        message_add_form(&m);
        buffer_add_text(&sentence, "Wat er sinds het vorige overzicht bijkwam voor ");
        message_print_organisation(&m, text_of(digest->organisation->id), &sentence);
        buffer_printf(&sentence, ": %zu.", digest->n);
        mime_wrap(&body, text_of(buffer_text(&sentence)), TEXT_COLUMNS);
        if (to->operators)
                message_add_nobody(&m, &body);
        buffer_add_byte(&body, '\n');
        buffer_add(&body, digest->items.s, digest->items.n);
        message_end(&m, &body);
        if (m.wrong)
                return -EINVAL;
        return out->failed ? -ENOMEM : 0;
}

int message_write(const struct message_style *style, const struct delivery *delivery, const struct recipients *to, const struct organisation *gi,
                  struct buffer *out) {
        const struct event *event = delivery->ce->event;
        struct message m = {.style = style, .organisation = delivery->organisation, .event = event, .kind = message_kind_of(event->type), .out = out};

        event_id_text(m.event, "case_id", m.case_id);
        event_id_text(m.event, "event_id", m.event_id);
        message_add_headers(&m, to);
        message_add_body(&m, to, gi);
        if (m.wrong)
                return -EINVAL;
        return out->failed ? -ENOMEM : 0;
}
