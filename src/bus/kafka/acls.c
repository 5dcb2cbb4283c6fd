/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * Rights, by librdkafka's admin requests
 *
 * 2.0.2 cannot make rights on transactional ids: its list of resources ends before them.
 */

#include <errno.h>
#include <string.h>

#include "bus/kafka/admin.h"

static const struct {
        enum admin_operation ours;
        rd_kafka_AclOperation_t theirs;
} operations[] = {
        {ADMIN_READ, RD_KAFKA_ACL_OPERATION_READ},     {ADMIN_WRITE, RD_KAFKA_ACL_OPERATION_WRITE},
        {ADMIN_DESCRIBE, RD_KAFKA_ACL_OPERATION_DESCRIBE}, {ADMIN_DELETE, RD_KAFKA_ACL_OPERATION_DELETE},
        {ADMIN_ALL, RD_KAFKA_ACL_OPERATION_ALL},
};

/* Whether the right is one that we could have made. */
static bool take_acl(struct admin *a, const rd_kafka_AclBinding_t *binding, struct admin_acl *ret) {
        rd_kafka_ResourceType_t resource = rd_kafka_AclBinding_restype(binding);
        rd_kafka_ResourcePatternType_t pattern = rd_kafka_AclBinding_resource_pattern_type(binding);
        const char *name = rd_kafka_AclBinding_name(binding), *principal = rd_kafka_AclBinding_principal(binding);

        if ((resource != RD_KAFKA_RESOURCE_TOPIC && resource != RD_KAFKA_RESOURCE_GROUP) ||
            rd_kafka_AclBinding_permission_type(binding) != RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW ||
            strcmp(rd_kafka_AclBinding_host(binding), "*") != 0)
                return false;
        for (size_t i = 0; i < ELEMENTS(operations); i++) {
                if (operations[i].theirs != rd_kafka_AclBinding_operation(binding))
                        continue;
                *ret = (struct admin_acl){
                        .resource = resource == RD_KAFKA_RESOURCE_TOPIC ? ADMIN_TOPIC : ADMIN_GROUP,
                        .name = arena_copy(a->acls, name, strlen(name)),
                        .prefixed = pattern == RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
                        .principal = arena_copy(a->acls, principal, strlen(principal)),
                        .operation = operations[i].ours,
                };
                return ret->name && ret->principal;
        }
        return false;
}

static void send_describe(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args) {
        rd_kafka_DescribeAcls(rk, args, o, q);
}

int admin_acls(struct admin *a, const struct admin_acl **ret, size_t *ret_n, struct error *err) {
        char reason[KAFKA_TROUBLE_MAX];
        rd_kafka_AclBindingFilter_t *filter =
                rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, NULL, NULL, RD_KAFKA_ACL_OPERATION_ANY,
                                              RD_KAFKA_ACL_PERMISSION_TYPE_ANY, reason, sizeof(reason));
        const rd_kafka_AclBinding_t **bindings;
        rd_kafka_event_t *event;
        struct admin_acl *acls;
        size_t n = 0, found = 0;
        int r;

        if (!filter) {
                error_set(err, "rights cannot be asked for: %s", reason);
                return -EINVAL;
        }
        r = admin_request(a, "the question which rights there are", send_describe, filter, &event, err);
        rd_kafka_AclBinding_destroy(filter);
        if (r)
                return r;
        bindings = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &n);
        arena_reset(a->acls);
        acls = arena_calloc(a->acls, n + 1, sizeof(*acls));
        for (size_t i = 0; acls && i < n; i++)
                found += take_acl(a, bindings[i], &acls[found]);
        rd_kafka_event_destroy(event);
        *ret = acls;
        *ret_n = found;
        return acls ? 0 : -ENOMEM;
}

static void send_create(rd_kafka_t *rk, const rd_kafka_AdminOptions_t *o, rd_kafka_queue_t *q, void *args) {
        rd_kafka_AclBinding_t *binding = args;

        rd_kafka_CreateAcls(rk, &binding, 1, o, q);
}

int admin_acl_make(struct admin *a, const struct admin_acl *acl, struct error *err) {
        char reason[KAFKA_TROUBLE_MAX] = "";
        rd_kafka_AclOperation_t operation = RD_KAFKA_ACL_OPERATION_UNKNOWN;
        const rd_kafka_acl_result_t **results;
        rd_kafka_AclBinding_t *binding;
        rd_kafka_event_t *event;
        size_t n;
        int r;

        for (size_t i = 0; i < ELEMENTS(operations); i++) {
                if (operations[i].ours == acl->operation)
                        operation = operations[i].theirs;
        }
        binding = rd_kafka_AclBinding_new(acl->resource == ADMIN_TOPIC ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_GROUP, acl->name,
                                          acl->prefixed ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED : RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                                          acl->principal, "*", operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, reason, sizeof(reason));
        if (!binding) {
                error_set(err, "the right of %s on %s cannot be made: %s", acl->principal, acl->name, reason);
                return -EINVAL;
        }
        r = admin_request(a, "making a right", send_create, binding, &event, err);
        rd_kafka_AclBinding_destroy(binding);
        if (r)
                return r;
        results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &n);
        for (size_t i = 0; r == 0 && i < n; i++) {
                const rd_kafka_error_t *error = rd_kafka_acl_result_error(results[i]);

                if (error)
                        r = admin_outcome(a, "making a right", rd_kafka_error_code(error), rd_kafka_error_string(error), err);
        }
        rd_kafka_event_destroy(event);
        return r;
}
