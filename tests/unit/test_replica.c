/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Goal: who looks sees what the workers wrote, all of it, also after the broker was away or the log was made anew; every id is found in its case and in
 * no other; lists and counts of open alerts are those of the cases.
 * Method: a worker on the bus in memory and a replica beside it on its own thread; what the replica has is held against a store that was read whole, and
 * its lists against all alerts of all cases, sorted. The two indexes alone: random puts and removals against arrays.
 */

#include "base/vector.h"
#include "bus/kafka.h"
#include "engine/case.h"
#include "engine/restore.h"
#include "engine/world.h"
#include "replica/ids.h"
#include "replica/raised.h"
#include "replica/replica.h"
#include "shared_bus.h"
#include "worker/live.h"
#include "worker_world.h"

#define CASES 60
#define FEW 5
#define NOBODY "127.0.0.1:1"

static struct world *world;
static struct worker *worker;
static struct shared_bus shared;
static struct replica *replica;
static struct hand_clock hand;
static struct metrics *metrics;

static void replica_begin(void) {
        struct replica_config config = {.config = world->config, .bus = &shared.bus, .clock = hand_clock(&hand), .metrics = metrics};
        struct error err = {0};

        ck_assert_msg(replica_new(&config, &replica, &err) == 0, "%s", err.text);
}

static void setup(void) {
        world = world_new();
        worker = world_worker(world, "a");
        shared_bus_init(&shared, memory_bus(world->memory));
        hand = (struct hand_clock){.at = world->now};
        ck_assert_int_eq(metrics_new(&metrics), 0);
}

static void teardown(void) {
        replica = replica_free(replica);
        world_end(worker);
        shared_bus_done(&shared);
        world_done(world);
        metrics = metrics_free(metrics);
}

static void publish_load(unsigned from, unsigned to) {
        char json[FIXTURE_CASE_EVENTS][FIXTURE_JSON];

        shared_lock(&shared);
        for (unsigned c = from; c < to; c++) {
                size_t n = fixture_load_case(7, c, world->now, json);

                for (size_t i = 0; i < n; i++)
                        world_publish(world, json[i]);
        }
        world_settle(world, worker);
        shared_unlock(&shared);
        hand_clock_put(&hand, world->now);
}

static void forward(int64_t ms) {
        shared_lock(&shared);
        world_forward(world, ms);
        world_settle(world, worker);
        shared_unlock(&shared);
        hand_clock_put(&hand, world->now);
}

/* What stands there, read whole. */
static uint64_t checksum_there(void) {
        struct engine *engine;
        struct store *store;
        struct error err = {0};
        uint64_t sum;

        shared_lock(&shared);
        ck_assert_int_eq(engine_new(world->config, &engine), 0);
        ck_assert_int_eq(store_new(engine, &store), 0);
        ck_assert_msg(live_read(memory_bus(world->memory), NULL, NULL, store, &err) == 0, "%s", err.text);
        sum = store_checksum(store);
        store_free(store);
        engine_free(engine);
        shared_unlock(&shared);
        return sum;
}

static uint64_t checksum_here(void) {
        uint64_t sum;

        replica_lock(replica);
        sum = store_checksum(replica_store(replica));
        replica_unlock(replica);
        return sum;
}

static void await_state(enum replica_state state) {
        struct clock clock = clock_system();
        int64_t deadline = clock_monotonic(&clock) + SHARED_PATIENCE_MS;
        struct replica_status status;

        for (replica_status(replica, &status); status.state != state; replica_status(replica, &status)) {
                ck_assert_msg(clock_monotonic(&clock) < deadline, "state %d, %s", status.state, status.why);
                shared_pause();
        }
}

/* Until it has what stands there. */
static void await_all(void) {
        struct clock clock = clock_system();
        int64_t deadline = clock_monotonic(&clock) + SHARED_PATIENCE_MS;
        uint64_t there = checksum_there();

        await_state(REPLICA_LIVE);
        while (checksum_here() != there) {
                ck_assert_msg(clock_monotonic(&clock) < deadline, "it never has all that stands there");
                shared_pause();
        }
}

/* -- Open alerts -- */

typedef VECTOR(struct replica_alert) alerts;

static void alerts_see(void *ctx, const struct replica_alert *alert) {
        alerts *list = ctx;

        ck_assert_int_eq(vector_push(list, *alert), 0);
}

/* One page after the other, so many on each. */
static void alerts_list(const struct replica_alerts_filter *filter, size_t limit, alerts *ret) {
        struct replica_alerts_page page = {.more = true};

        while (page.more) {
                const struct replica_alert after = ret->n ? ret->items[ret->n - 1] : (struct replica_alert){0};
                size_t before = ret->n;

                replica_alerts(replica, filter, before ? &after : NULL, limit, alerts_see, ret, &page);
                ck_assert_uint_eq(page.n, ret->n - before);
                ck_assert(page.n == limit || !page.more);
        }
        ck_assert_uint_eq(page.matched, ret->n);
}

static bool alert_passes(const struct alert *alert, const struct uuid *case_id, const struct replica_alerts_filter *f) {
        const struct pool *pool = &replica_engine(replica)->pool;
        char norm[64];

        (void) snprintf(norm, sizeof(norm), "proef|%.*s", (int)f->norm.n, f->norm.n ? f->norm.s : "");
        return alert->open && (!f->organisation || text_is(pool_text(pool, alert->organisation), f->organisation->id)) &&
               (!f->norm.n || text_is(pool_text(pool, alert->norm), norm)) && (!f->rung || alert->rung == f->rung) &&
               (!f->case_id || uuid_equal(case_id, f->case_id)) && (!f->before || alert->told_at < f->before);
}

/* How many of all cases pass. */
static size_t alerts_count(const struct replica_alerts_filter *filter, int64_t by_rung[REPLICA_RUNGS], instant_t *ret_oldest) {
        const struct casefile *file;
        size_t n = 0;

        *ret_oldest = 0;
        memset(by_rung, 0, REPLICA_RUNGS * sizeof(*by_rung));
        for (size_t i = 0; (file = store_iterate(replica_store(replica), &i));) {
                for (uint32_t k = 0; k < file->told.n_alerts; k++) {
                        const struct alert *alert = &file->told.alerts[k];

                        if (!alert_passes(alert, &file->id, filter))
                                continue;
                        n++;
                        by_rung[alert->rung - 1]++;
                        if (!*ret_oldest || alert->told_at < *ret_oldest)
                                *ret_oldest = alert->told_at;
                }
        }
        return n;
}

static void alerts_check_order(const alerts *list) {
        for (size_t i = 0; i < list->n; i++) {
                const struct replica_alert *alert = &list->items[i];

                ck_assert(alert->organisation && text_is(alert->organisation_id, alert->organisation->id));
                ck_assert(text_is(alert->protocol, "proef") && text_is(alert->norm, "protector"));
                ck_assert(store_find(replica_store(replica), &alert->case_id));
                if (i && alert[-1].since == alert->since)
                        ck_assert_int_lt(uuid_compare(&alert[-1].alert_id, &alert->alert_id), 0);
                else if (i)
                        ck_assert_int_lt(alert[-1].since, alert->since);
        }
}

static size_t alerts_check(const struct replica_alerts_filter *filter, size_t limit) {
        int64_t by_rung[REPLICA_RUNGS];
        alerts list = {0};
        instant_t oldest;
        size_t n;

        replica_lock(replica);
        alerts_list(filter, limit, &list);
        n = alerts_count(filter, by_rung, &oldest);
        ck_assert_uint_eq(list.n, n);
        alerts_check_order(&list);
        if (!filter->norm.n && !filter->rung && !filter->case_id && !filter->before) {
                struct replica_open open;

                replica_open_alerts(replica, filter->organisation, &open);
                ck_assert_int_eq(open.all, (int64_t)n);
                ck_assert_int_eq(open.oldest, oldest);
                ck_assert_mem_eq(open.by_rung, by_rung, sizeof(by_rung));
        }
        replica_unlock(replica);
        vector_done(&list);
        return n;
}

/* By everything that one can ask for. Returns how many are open. */
static size_t alerts_check_all(void) {
        const struct organisations *orgs = world->config->organisations;
        struct replica_alerts_filter filter = {0};
        struct uuid case_id;
        alerts list = {0};
        size_t all = alerts_check(&filter, 7), sum = 0;

        ck_assert_uint_eq(alerts_check(&filter, 10000), all);
        for (size_t i = 0; i < organisations_count(orgs); i++) {
                filter = (struct replica_alerts_filter){.organisation = organisations_at(orgs, i)};
                sum += alerts_check(&filter, 3);
                filter.rung = 1;
                (void) alerts_check(&filter, 3);
        }
        ck_assert_uint_eq(sum, all);
        filter = (struct replica_alerts_filter){.norm = TEXT_OF("protector")};
        ck_assert_uint_eq(alerts_check(&filter, 5), all);
        filter = (struct replica_alerts_filter){.norm = TEXT_OF("other")};
        ck_assert_uint_eq(alerts_check(&filter, 5), 0);
        if (!all)
                return 0;
        replica_lock(replica);
        alerts_list(&(struct replica_alerts_filter){0}, 10000, &list);
        case_id = list.items[0].case_id;
        replica_unlock(replica);
        filter = (struct replica_alerts_filter){.case_id = &case_id};
        ck_assert_uint_gt(alerts_check(&filter, 1), 0);
        filter = (struct replica_alerts_filter){.before = list.items[list.n - 1].since};
        ck_assert_uint_lt(alerts_check(&filter, 4), all);
        vector_done(&list);
        return all;
}

/* -- Ids -- */

static void check_found(const char *word, const char *case_word, const char *field) {
        struct uuid id = uuid_v5(&uuid_namespace_ketenwacht, word, strlen(word));
        struct uuid case_id = uuid_v5(&uuid_namespace_ketenwacht, case_word ? case_word : "", case_word ? strlen(case_word) : 0);
        struct replica_hit hits[REPLICA_HITS_MAX];
        size_t n;

        replica_lock(replica);
        n = replica_find(replica, &id, hits);
        replica_unlock(replica);
        ck_assert_msg(n == (case_word ? 1 : 0), "%s: %zu hits", word, n);
        if (!n)
                return;
        ck_assert(uuid_equal(&hits[0].case_id, &case_id));
        ck_assert_str_eq(hits[0].field, field);
}

static void check_load_found(unsigned from, unsigned to) {
        for (unsigned c = from; c < to; c++) {
                char word[64], id[96];

                (void) snprintf(word, sizeof(word), "7|%u", c);
                check_found(word, word, "case_id");
                (void) snprintf(id, sizeof(id), "measure|%s", word);
                check_found(id, word, "measure_id");
                (void) snprintf(id, sizeof(id), "started|%s", word);
                check_found(id, word, "event_id");
                (void) snprintf(id, sizeof(id), "nobody|%s", word);
                check_found(id, NULL, NULL);
        }
}

static void check_alerts_found(void) {
        struct replica_hit hits[REPLICA_HITS_MAX];
        alerts list = {0};

        replica_lock(replica);
        alerts_list(&(struct replica_alerts_filter){0}, 10000, &list);
        for (size_t i = 0; i < list.n; i++) {
                ck_assert_uint_eq(replica_find(replica, &list.items[i].alert_id, hits), 1);
                ck_assert(uuid_equal(&hits[0].case_id, &list.items[i].case_id));
                ck_assert_str_eq(hits[0].field, "alert_id");
        }
        replica_unlock(replica);
        vector_done(&list);
}

/* -- The tests -- */

START_TEST(it_has_what_the_workers_wrote) {
        struct replica_status status;
        size_t open;

        publish_load(0, CASES);
        replica_begin();
        await_all();
        check_load_found(0, CASES);
        check_alerts_found();
        open = alerts_check_all();
        ck_assert_uint_gt(open, CASES / 2); /* else nothing was tried */
        publish_load(CASES, 2 * CASES);
        await_all();
        check_load_found(0, 2 * CASES);
        ck_assert_uint_gt(alerts_check_all(), open);
        forward(8 * DAY_MS); /* rungs come, and alerts with them */
        await_all();
        ck_assert_uint_gt(alerts_check_all(), open);
        check_alerts_found();
        replica_status(replica, &status);
        ck_assert(status.whole && status.strays == 0 && status.seen > 0);
        ck_assert_str_eq(status.why, "");
}
END_TEST

START_TEST(an_alert_that_is_over_is_open_no_longer) {
        char json[FIXTURE_JSON];
        size_t open;

        publish_load(0, CASES);
        shared_lock(&shared);
        fixture_measure(json, "late", "late case", "gi-a", "gm0001", world->now, 40);
        world_publish(world, json);
        world_settle(world, worker);
        shared_unlock(&shared);
        replica_begin();
        await_all();
        open = alerts_check_all();
        shared_lock(&shared);
        fixture_protector(json, "found", "late case", "gi-a", world->now, 0);
        world_publish(world, json);
        world_settle(world, worker);
        shared_unlock(&shared);
        await_all();
        ck_assert_uint_lt(alerts_check_all(), open);
}
END_TEST

START_TEST(a_broker_that_goes_away_is_told_and_it_goes_on_where_it_was) {
        struct replica_status status;
        uint64_t rows, before;

        publish_load(0, CASES);
        replica_begin();
        await_all();
        replica_status(replica, &status);
        rows = status.rows;
        before = checksum_here();
        atomic_store(&shared.away, true);
        publish_load(CASES, CASES + FEW);
        await_state(REPLICA_AWAY);
        replica_status(replica, &status);
        ck_assert_str_ne(status.why, "");
        ck_assert_uint_eq(checksum_here(), before); /* what it knew is lent all the same */
        check_load_found(0, CASES);
        atomic_store(&shared.away, false);
        await_all();
        replica_status(replica, &status);
        ck_assert_str_eq(status.why, "");
        ck_assert_uint_gt(status.rows, rows);
        ck_assert_int_eq(atomic_load(&shared.opened), 1); /* nothing was read twice */
        check_load_found(0, CASES + FEW);
}
END_TEST

START_TEST(with_no_broker_it_starts_and_waits_for_one) {
        struct replica_status status;

        publish_load(0, FEW);
        atomic_store(&shared.missing, true);
        replica_begin();
        do {
                replica_status(replica, &status);
                shared_pause();
        } while (!strstr(status.why, "no broker answers"));
        ck_assert_int_eq(status.state, REPLICA_AWAY);
        ck_assert_int_eq(status.seen, 0);
        replica_lock(replica);
        ck_assert_uint_eq(store_stats(replica_store(replica)).cases, 0);
        replica_unlock(replica);
        atomic_store(&shared.missing, false);
        await_all();
        check_load_found(0, FEW);
}
END_TEST

/* Makes case-state anew, with nothing in it but the rows of one case. */
static void keep_only(const char *case_word) {
        struct uuid case_id = uuid_v5(&uuid_namespace_ketenwacht, case_word, strlen(case_word));
        VECTOR(struct bus_record) rows = {0};
        struct bus_record row;

        arena_reset(world->arena);
        for (int32_t p = 0; p < WORLD_PARTITIONS; p++) {
                for (int64_t offset = 0; offset < memory_end(world->memory, TOPIC_CASE_STATE, p); offset++) {
                        if (!memory_record(world->memory, TOPIC_CASE_STATE, p, offset, false, &row) || !row_key_is_of_case(row.key, row.key_n, &case_id))
                                continue;
                        row.key = arena_copy(world->arena, row.key, row.key_n);
                        row.value = arena_copy(world->arena, row.value, row.value_n);
                        ck_assert_int_eq(vector_push(&rows, row), 0);
                }
        }
        memory_renew(world->memory, TOPIC_CASE_STATE);
        for (size_t i = 0; i < rows.n; i++)
                world_append(world, &rows.items[i]);
        vector_done(&rows);
}

START_TEST(a_log_made_anew_is_read_from_its_beginning) {
        publish_load(0, CASES);
        replica_begin();
        await_all();
        shared_lock(&shared);
        keep_only("7|1");
        atomic_store(&shared.anew, true);
        shared_unlock(&shared);
        await_all();
        check_load_found(1, 2);
        check_found("7|0", NULL, NULL);
        check_found("measure|7|0", NULL, NULL);
        (void) alerts_check_all();
}
END_TEST

/* A row of case-state, as nobody should write it. */
static void append_row(const struct row_key *key, const char *value) {
        uint8_t bytes[ROW_KEY_BYTES];

        row_key_write(key, bytes);
        shared_lock(&shared);
        world_append(world, &(struct bus_record){.topic = TOPIC_CASE_STATE, .key = bytes, .key_n = sizeof(bytes), .value = value,
                                                 .value_n = value ? strlen(value) : 0});
        shared_unlock(&shared);
}

static void await_why(const char *part) {
        struct clock clock = clock_system();
        int64_t deadline = clock_monotonic(&clock) + SHARED_PATIENCE_MS;
        struct replica_status status;

        for (replica_status(replica, &status); part ? !strstr(status.why, part) : status.why[0] != '\0'; replica_status(replica, &status)) {
                ck_assert_msg(clock_monotonic(&clock) < deadline, "%s", status.why);
                shared_pause();
        }
        ck_assert_int_eq(status.state, REPLICA_LIVE);
}

START_TEST(rows_that_say_nothing_are_told) {
        const struct row_key key = {.case_id = {{1}}, .kind = ROW_ALERT, .id = {{2}}};
        struct replica_status status;

        publish_load(0, FEW);
        replica_begin();
        await_all();
        append_row(&key, "no alert");
        await_why("state repair");
        replica_status(replica, &status);
        ck_assert_uint_eq(status.strays, 1);
        append_row(&key, NULL); /* as state repair does */
        await_why(NULL);
        replica_status(replica, &status);
        ck_assert_uint_eq(status.strays, 0);
}
END_TEST

START_TEST(workers_with_another_configuration_are_told) {
        const struct row_key version = row_key_of_version(), imprint = row_key_of_imprint();

        publish_load(0, FEW);
        replica_begin();
        await_all();
        append_row(&imprint, "1 0123456789abcdef\n");
        await_why("another configuration that is version 1 too");
        append_row(&version, "9");
        await_why("configuration version 9 and the console has version 1");
}
END_TEST

/* What status judges by, for who asks it instead of reading case-state. */
START_TEST(versions_are_told_by_partition) {
        const struct row_key version = row_key_of_version(), imprint = row_key_of_imprint();
        struct status_known known;
        size_t nine = 0, text = 0;
        struct arena *arena;

        publish_load(0, FEW);
        replica_begin();
        await_all();
        append_row(&imprint, "9 0123456789abcdef\n");
        append_row(&version, "9");
        await_why("configuration version 9 and the console has version 1");
        ck_assert_int_eq(arena_new(&arena, 1 << 20), 0);
        ck_assert_int_eq(replica_versions(replica, arena, &known), 0);
        ck_assert_uint_gt(known.versions_n, 0);
        for (size_t p = 0; p < known.versions_n; p++) {
                nine += known.versions[p] == 9;
                text += known.imprints[p].is_known && known.imprints[p].version == 9 && known.imprints[p].fingerprint == 0x0123456789abcdef;
        }
        ck_assert_uint_eq(nine, 1); /* the others stand as the worker wrote them */
        ck_assert_uint_eq(text, 1);
        arena_free(arena);
}
END_TEST

/* How much later than a worker told something the broker had it, of what was told last; *from: not that any more. */
static int64_t await_clock(instant_t *from) {
        struct clock clock = clock_system();
        int64_t deadline = clock_monotonic(&clock) + SHARED_PATIENCE_MS;
        struct replica_status status;

        await_all();
        for (replica_status(replica, &status); status.told <= *from; replica_status(replica, &status)) {
                ck_assert_msg(clock_monotonic(&clock) < deadline, "nothing was told after %" PRId64, *from);
                shared_pause();
        }
        *from = status.told;
        return status.written - status.told;
}

/* By what they tell, and when that came to the broker: one whose clock is wrong is seen. */
START_TEST(the_workers_clock_stands_beside_that_of_the_broker) {
        const int64_t wrong = 5 * INT64_C(60000), settles = 1000;
        struct replica_status status;
        instant_t told = 0;
        int64_t late;

        replica_begin();
        await_state(REPLICA_LIVE);
        replica_status(replica, &status);
        ck_assert(status.told == 0 && status.written == 0);
        publish_load(0, FEW);
        late = await_clock(&told);
        ck_assert_msg(late >= 0 && late < settles, "%" PRId64, late);
        forward(HOUR_MS);
        publish_load(FEW, 2 * FEW);
        late = await_clock(&told);
        ck_assert_msg(late >= 0 && late < settles, "%" PRId64, late);
        world->now += wrong; /* the worker's alone */
        publish_load(2 * FEW, 3 * FEW);
        late = await_clock(&told);
        ck_assert_msg(late >= -wrong && late < -wrong + settles, "%" PRId64, late);
}
END_TEST

START_TEST(a_case_that_is_closed_is_found_no_longer) {
        char json[FIXTURE_JSON];
        struct worker_config config;
        struct error err = {0};

        shared_lock(&shared);
        world_end(worker);
        config = world_worker_config(world, "a");
        config.retention = (struct term_step){TERM_YEARS, 1};
        ck_assert_int_eq(worker_new(&config, &worker, &err), 0);
        fixture_measure(json, "m", "7|0", "gi-a", "gm0001", world->now, 40);
        world_publish(world, json);
        fixture_measure(json, "m1", "stays", "gi-a", "gm0001", world->now, 40);
        world_publish(world, json);
        world_settle(world, worker);
        fixture_ended(json, "e", "7|0", "gi-a", world->now, 0);
        world_publish(world, json);
        world_settle(world, worker);
        shared_unlock(&shared);
        replica_begin();
        await_all();
        check_found("measure|7|0", "7|0", "measure_id");
        check_found("m", "7|0", "event_id");
        forward(500 * DAY_MS);
        await_all();
        check_found("7|0", NULL, NULL);
        check_found("measure|7|0", NULL, NULL);
        check_found("m", NULL, NULL);
        check_found("measure|stays", "stays", "measure_id");
        (void) alerts_check_all();
}
END_TEST

/* The value of a metric's line. */
static int64_t metric_line(const char *line) {
        struct buffer out = BUFFER_INIT(1 << 20);
        const char *at;
        int64_t value;

        metrics_render(metrics, &out);
        at = strstr(buffer_text(&out), line);
        ck_assert_msg(at, "%s in %s", line, buffer_text(&out));
        value = strtoll(at + strlen(line), NULL, 10);
        buffer_done(&out);
        return value;
}

START_TEST(prometheus_gets_the_same_figures) {
        struct replica_alerts_filter filter = {.organisation = organisations_find(world->config->organisations, TEXT_OF("gm0001"))};
        size_t open, rung;
        struct clock clock = clock_system();
        int64_t deadline = clock_monotonic(&clock) + SHARED_PATIENCE_MS;

        publish_load(0, CASES);
        replica_begin();
        await_all();
        open = alerts_check(&filter, 5);
        filter = (struct replica_alerts_filter){.rung = 2};
        rung = alerts_check(&filter, 5);
        ck_assert_uint_gt(open, 0);
        ck_assert_uint_gt(rung, 0);
        while (metric_line("ketenwacht_alerts_open{organisation=\"gm0001\"} ") != (int64_t)open) {
                ck_assert(clock_monotonic(&clock) < deadline);
                shared_pause();
        }
        ck_assert_int_eq(metric_line("ketenwacht_alerts_open_by_norm{norm=\"proef|protector\",rung=\"2\"} "), (int64_t)rung);
        ck_assert_int_eq(metric_line("ketenwacht_replica_live "), 1);
}
END_TEST

START_TEST(whom_nothing_was_told_sees_nothing) {
        const struct organisations *orgs = world->config->organisations;
        struct casefile *file;
        char json[FIXTURE_JSON];
        struct uuid id = uuid_v5(&uuid_namespace_ketenwacht, "one", 3);

        shared_lock(&shared);
        fixture_measure(json, "m", "one", "gi-a", "gm0001", world->now, 0);
        world_publish(world, json);
        world_settle(world, worker);
        shared_unlock(&shared);
        replica_begin();
        await_all();
        replica_lock(replica);
        file = store_find(replica_store(replica), &id);
        ck_assert_ptr_nonnull(file);
        ck_assert(replica_was_told(replica, file, organisations_find(orgs, TEXT_OF("gm0001")))); /* a copy */
        ck_assert(replica_was_told(replica, file, organisations_find(orgs, TEXT_OF("gi-a"))));   /* an announcement */
        ck_assert(!replica_was_told(replica, file, organisations_find(orgs, TEXT_OF("gm0002"))));
        ck_assert(!replica_was_told(replica, file, organisations_find(orgs, TEXT_OF("gi-b"))));
        replica_unlock(replica);
}
END_TEST

static void acknowledge(const char *id, const char *case_word, const struct uuid *alert_id) {
        char json[FIXTURE_JSON], alert[UUID_TEXT + 1];
        int n = fixture_envelope(json, "alert-acknowledged", id, case_word, "gi-a", world->now);

        uuid_format(alert_id, alert);
        (void) snprintf(json + n, FIXTURE_JSON - (size_t)n, "\"alert_id\":\"%s\",\"by\":\"w-17\"}", alert);
        shared_lock(&shared);
        world_publish(world, json);
        world_settle(world, worker);
        shared_unlock(&shared);
}

START_TEST(it_says_until_when_an_alert_is_acknowledged) {
        char json[FIXTURE_JSON];
        alerts list = {0};
        instant_t until = 0;

        shared_lock(&shared);
        fixture_measure(json, "m", "one", "gi-a", "gm0001", world->now, 6);
        world_publish(world, json);
        world_settle(world, worker);
        shared_unlock(&shared);
        replica_begin();
        await_all();
        replica_lock(replica);
        alerts_list(&(struct replica_alerts_filter){.organisation = organisations_find(world->config->organisations, TEXT_OF("gi-a"))}, 10, &list);
        ck_assert_uint_eq(list.n, 1);
        ck_assert_int_eq(replica_acknowledged_until(replica, &list.items[0]), 0);
        replica_unlock(replica);
        acknowledge("ack", "one", &list.items[0].alert_id);
        await_all();
        replica_lock(replica);
        until = replica_acknowledged_until(replica, &list.items[0]);
        replica_unlock(replica);
        ck_assert_int_gt(until, world->now + 4 * DAY_MS); /* acknowledgement_holds: 5 days */
        ck_assert_int_lt(until, world->now + 7 * DAY_MS);
        forward(8 * DAY_MS);
        replica_lock(replica);
        ck_assert_int_eq(replica_acknowledged_until(replica, &list.items[0]), 0); /* over */
        replica_unlock(replica);
        vector_done(&list);
}
END_TEST

START_TEST(a_stop_waits_for_no_broker) {
        const struct kafka_config kafka = {.bootstrap = NOBODY, .clock = clock_system()};
        struct replica_config config = {.config = world->config, .clock = clock_system()};
        struct error err = {0};
        char *text = NULL;
        size_t n = 0;
        struct log lines = {.out = open_memstream(&text, &n), .clock = clock_system(), .level = LOG_LEVEL_INFO};
        struct bus *bus;

        ck_assert_int_eq(kafka_bus_new(&kafka, &bus, &err), 0);
        config.bus = bus;
        config.log = &lines;
        ck_assert_int_eq(replica_new(&config, &replica, &err), 0);
        replica = replica_free(replica);
        bus_free(bus);
        ck_assert_int_eq(fclose(lines.out), 0);
        ck_assert_msg(!strstr(text, "replica-away"), "it was waited for: %s", text); /* it gives up by itself after BUS_OPEN_MS, and says so */
        free(text);
}
END_TEST

/* -- The indexes alone -- */

#define TRIED 200
#define STEPS 20000
#define SEEDS 5

static struct uuid uuid_number(uint64_t n) {
        return uuid_v5(&uuid_namespace_ketenwacht, &n, sizeof(n));
}

START_TEST(ids_are_found_in_their_cases_and_nowhere_else) {
        static bool there[TRIED][TRIED]; /* [case][id] */
        uint64_t random = (uint64_t)_i + 1;
        uint32_t numbers[TRIED];
        struct ids *ids;

        memset(there, 0, sizeof(there));
        ck_assert_int_eq(ids_new(SIZE_MAX, &ids), 0);
        for (size_t i = 0; i < TRIED; i++) {
                struct uuid case_id = uuid_number(1000 + i);

                ck_assert_int_eq(ids_case(ids, &case_id, &numbers[i]), 0);
                ck_assert(uuid_equal(ids_case_id(ids, numbers[i]), &case_id));
        }
        for (size_t step = 0; step < STEPS; step++) {
                size_t of = fixture_random(&random) % TRIED, what = fixture_random(&random) % TRIED;
                struct uuid id = uuid_number(what);

                if (fixture_random(&random) % 3) {
                        ck_assert_int_eq(ids_put(ids, numbers[of], &id), 0);
                        there[of][what] = true;
                } else {
                        ids_remove(ids, numbers[of], &id);
                        there[of][what] = false;
                }
        }
        for (size_t what = 0; what < TRIED; what++) {
                struct uuid id = uuid_number(what);
                uint32_t found[2 * TRIED];
                size_t n = ids_cases(ids, &id, found, ELEMENTS(found)), want = 0;

                for (size_t of = 0; of < TRIED; of++) {
                        bool is = false;

                        for (size_t k = 0; k < n; k++)
                                is |= found[k] == numbers[of];
                        ck_assert_int_eq(is, there[of][what]);
                        want += there[of][what];
                }
                ck_assert_uint_eq(n, want);
        }
        ids_free(ids);
}
END_TEST

START_TEST(a_number_of_a_case_that_is_gone_is_given_out_again) {
        struct uuid one = uuid_number(1), two = uuid_number(2), three = uuid_number(3);
        uint32_t a, b, c;
        struct ids *ids;

        ck_assert_int_eq(ids_new(1, &ids), 0);
        ck_assert_int_eq(ids_case(ids, &one, &a), 0);
        ck_assert_int_eq(ids_case(ids, &two, &b), 0);
        ids_drop_case(ids, a);
        ck_assert(!ids_find_case(ids, &one, &c));
        ck_assert_int_eq(ids_case(ids, &three, &c), 0);
        ck_assert_uint_eq(c, a);
        ck_assert(ids_find_case(ids, &two, &c) && c == b);
        ck_assert_int_eq(ids_put(ids, a, &one), 0);
        ck_assert(ids_stats(ids).whole);
        ck_assert_int_eq(ids_put(ids, a, &two), 0); /* beyond its bound */
        ck_assert(!ids_stats(ids).whole);
        ck_assert_uint_eq(ids_cases(ids, &two, &c, 1), 0);
        ids_free(ids);
}
END_TEST

START_TEST(open_alerts_stand_in_order_whatever_comes_and_goes) {
        static struct raised_alert there[STEPS];
        uint64_t random = (uint64_t)_i + 100;
        struct raised *raised;
        size_t n = 0;

        ck_assert_int_eq(raised_new(SIZE_MAX, &raised), 0);
        for (size_t step = 0; step < STEPS; step++) {
                bool grows = step < STEPS / 2 ? fixture_random(&random) % 4 != 0 : fixture_random(&random) % 4 == 0;

                if (grows || !n) {
                        there[n] = (struct raised_alert){.since = 1 + (instant_t)(fixture_random(&random) % 500),
                                                         .id = uuid_number(fixture_random(&random)),
                                                         .organisation = (uint32_t)(fixture_random(&random) % 5),
                                                         .norm = (uint32_t)(fixture_random(&random) % 3),
                                                         .rung = 1 + (unsigned)(fixture_random(&random) % 12)};
                        ck_assert_int_eq(raised_put(raised, &there[n++]), 0);
                } else {
                        size_t which = fixture_random(&random) % n;

                        raised_remove(raised, &there[which]);
                        there[which] = there[--n];
                }
        }
        struct raised_at at = raised_from(raised, 0, NULL);
        const struct raised_entry *entry, *before = NULL;
        struct replica_open open = raised_counts(raised);
        size_t counted = 0;

        for (; (entry = raised_next(raised, &at)); before = entry, counted++) {
                ck_assert(!before || before->since < entry->since || (before->since == entry->since && uuid_compare(&before->id, &entry->id) < 0));
                ck_assert(before || open.oldest == entry->since);
        }
        ck_assert_uint_eq(counted, n);
        ck_assert_int_eq(open.all, (int64_t)n);
        ck_assert_uint_lt(raised_bytes(raised), 100000 + n * 128); /* what went leaves no holes */
        raised_free(raised);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("replica");
        TCase *tc = tcase_create("replica"), *indexes = tcase_create("indexes");
        SRunner *runner = srunner_create(suite);
        int failed;

        tcase_set_timeout(tc, SHARED_PATIENCE_MS / 1000 + 60);
        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, it_has_what_the_workers_wrote);
        tcase_add_test(tc, an_alert_that_is_over_is_open_no_longer);
        tcase_add_test(tc, a_broker_that_goes_away_is_told_and_it_goes_on_where_it_was);
        tcase_add_test(tc, with_no_broker_it_starts_and_waits_for_one);
        tcase_add_test(tc, a_log_made_anew_is_read_from_its_beginning);
        tcase_add_test(tc, rows_that_say_nothing_are_told);
        tcase_add_test(tc, workers_with_another_configuration_are_told);
        tcase_add_test(tc, versions_are_told_by_partition);
        tcase_add_test(tc, the_workers_clock_stands_beside_that_of_the_broker);
        tcase_add_test(tc, a_case_that_is_closed_is_found_no_longer);
        tcase_add_test(tc, prometheus_gets_the_same_figures);
        tcase_add_test(tc, whom_nothing_was_told_sees_nothing);
        tcase_add_test(tc, it_says_until_when_an_alert_is_acknowledged);
        tcase_add_test(tc, a_stop_waits_for_no_broker);
        suite_add_tcase(suite, tc);
        tcase_set_timeout(indexes, 60);
        tcase_add_loop_test(indexes, ids_are_found_in_their_cases_and_nowhere_else, 0, SEEDS);
        tcase_add_test(indexes, a_number_of_a_case_that_is_gone_is_given_out_again);
        tcase_add_loop_test(indexes, open_alerts_stand_in_order_whatever_comes_and_goes, 0, SEEDS);
        suite_add_tcase(suite, indexes);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
