/* SPDX-License-Identifier: EUPL-1.2 */

/* Rows on their way to librdkafka stay in order, whatever of a batch it takes. rd_kafka_produce_batch() is this file's. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "bus/kafka/record.h"

#define TAKEN_MAX 4096

static rd_kafka_topic_t *const topic = (rd_kafka_topic_t *)"never looked into";
static int taken[TAKEN_MAX], n_taken, calls;
static unsigned passes_over; /* of the first call, bit by bit, those that find the queue full */

int __wrap_rd_kafka_produce_batch(rd_kafka_topic_t *to, int32_t partition, int flags, rd_kafka_message_t *messages, int n);

int __wrap_rd_kafka_produce_batch(rd_kafka_topic_t *to, int32_t partition, int flags, rd_kafka_message_t *messages, int n) {
        int good = 0;

        ck_assert_ptr_eq(to, topic);
        ck_assert_int_eq(partition, RD_KAFKA_PARTITION_UA);
        ck_assert_int_eq(flags, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION);
        for (int i = 0; i < n; i++) {
                if (calls == 0 && i < 32 && passes_over >> i & 1) {
                        messages[i].err = RD_KAFKA_RESP_ERR__QUEUE_FULL;
                        continue;
                }
                ck_assert_int_eq(messages[i].err, RD_KAFKA_RESP_ERR_NO_ERROR);
                memcpy(&taken[n_taken++], messages[i].payload, sizeof(*taken));
                good++;
        }
        calls++;
        return good;
}

static struct kafka_rows rows;

static void setup(void) {
        n_taken = calls = 0;
        passes_over = 0;
        ck_assert_int_eq(kafka_rows_init(&rows, topic), 0);
}

static void teardown(void) {
        kafka_rows_done(&rows);
}

static bool add(int number) {
        return kafka_rows_add(&rows, 2, &(struct bus_record){.key = "k", .key_n = 1, .value = &number, .value_n = sizeof(number)});
}

START_TEST(all_go_at_once_and_in_order) {
        ck_assert_int_eq(kafka_rows_send(&rows), RD_KAFKA_RESP_ERR_NO_ERROR); /* none: nothing to do */
        ck_assert_int_eq(calls, 0);
        for (int i = 0; i < KAFKA_ROWS; i++)
                ck_assert(add(i));
        ck_assert(!add(KAFKA_ROWS));
        ck_assert_int_eq(kafka_rows_send(&rows), RD_KAFKA_RESP_ERR_NO_ERROR);
        ck_assert_int_eq(calls, 1);
        ck_assert_int_eq(n_taken, KAFKA_ROWS);
        for (int i = 0; i < n_taken; i++)
                ck_assert_int_eq(taken[i], i);
        ck_assert(add(0));
}
END_TEST

/* Any of them may be passed over: the last time that each is taken is in order, and the newest is the last of all. */
#define WHICH 256 /* of eight records, each set of those that are passed over */
START_TEST(what_was_passed_over_never_comes_after_what_is_newer) {
        int last = -1;

        passes_over = (unsigned)_i;
        for (int i = 0; i < 8; i++)
                ck_assert(add(i));
        ck_assert_int_eq(kafka_rows_send(&rows), passes_over ? RD_KAFKA_RESP_ERR__QUEUE_FULL : RD_KAFKA_RESP_ERR_NO_ERROR);
        ck_assert(add(8));
        ck_assert_int_eq(kafka_rows_send(&rows), RD_KAFKA_RESP_ERR_NO_ERROR);
        ck_assert_uint_eq(rows.n, 0);
        for (int number = 0; number <= 8; number++) {
                int place = -1;

                for (int i = 0; i < n_taken; i++)
                        place = taken[i] == number ? i : place;
                ck_assert_msg(place > last, "%d stands at %d, the one before it at %d", number, place, last);
                last = place;
        }
        ck_assert_int_eq(last, n_taken - 1);
}
END_TEST

START_TEST(what_is_dropped_is_gone) {
        passes_over = 1;
        ck_assert(add(1));
        ck_assert_int_eq(kafka_rows_send(&rows), RD_KAFKA_RESP_ERR__QUEUE_FULL);
        kafka_rows_drop(&rows);
        ck_assert(add(2) && add(3));
        ck_assert_int_eq(kafka_rows_send(&rows), RD_KAFKA_RESP_ERR_NO_ERROR);
        ck_assert_int_eq(calls, 2);
        ck_assert_int_eq(n_taken, 2);
}
END_TEST

START_TEST(too_much_does_not_fit) {
        void *large = calloc(1, KAFKA_ROWS_BYTES);
        struct bus_record record = {.key = "k", .key_n = 1, .value = large, .value_n = KAFKA_ROWS_BYTES};

        ck_assert(large);
        ck_assert(!kafka_rows_add(&rows, 0, &record));
        record.value_n = KAFKA_ROWS_BYTES / 2;
        ck_assert(kafka_rows_add(&rows, 0, &record));
        ck_assert(!kafka_rows_add(&rows, 0, &record));
        free(large);
}
END_TEST

int main(void) {
        Suite *suite = suite_create("rows");
        TCase *tc = tcase_create("rows");
        SRunner *runner;
        int failed;

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, all_go_at_once_and_in_order);
        tcase_add_loop_test(tc, what_was_passed_over_never_comes_after_what_is_newer, 0, WHICH);
        tcase_add_test(tc, what_is_dropped_is_gone);
        tcase_add_test(tc, too_much_does_not_fit);
        suite_add_tcase(suite, tc);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_ENV);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return failed ? 1 : 0;
}
