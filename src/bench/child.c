/* SPDX-License-Identifier: EUPL-1.2 */

/* Starting, watching, stopping and measuring other programs; and the configuration that they are given. */

#include "bench/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define LOOK_MS 20 /* between two looks at a child */

/* Words of /proc/<pid>/stat, counted behind the name (proc(5): fields 14 and 15). */
#define STAT_USER 11
#define STAT_SYSTEM 12

/* -- Being stopped -- */

int bench_stopped(struct error *err) {
        error_set(err, "stopped by a signal; nothing was measured");
        return -EINTR;
}

/* -- Children -- */

static int64_t child_now_ms(void) {
        struct clock clock = clock_system();

        return clock_monotonic(&clock);
}

static void child_pause(int ms) {
        const struct timespec t = {.tv_nsec = ms * 1000000L};

        (void) nanosleep(&t, NULL);
}

/* Whether @set gives another value to what @entry ("NAME=VALUE") names. */
static bool child_sets(const char *const *set, const char *entry) {
        size_t n = strcspn(entry, "=") + 1;

        for (; set && *set; set++) {
                if (strncmp(*set, entry, n) == 0)
                        return true;
        }
        return false;
}

/* Our environment with what @set says instead or besides; made before the fork, after which nothing may be allocated. NULL: out of memory. */
static const char **child_environment(const char *const *set) {
        size_t ours = 0, theirs = 0, n = 0;
        const char **all;

        while (environ[ours])
                ours++;
        while (set && set[theirs])
                theirs++;
        all = calloc(ours + theirs + 1, sizeof(*all));
        for (size_t i = 0; all && i < ours; i++) {
                if (!child_sets(set, environ[i]))
                        all[n++] = environ[i];
        }
        for (size_t i = 0; all && i < theirs; i++)
                all[n++] = set[i];
        return all;
}

/* In the child: does not return. */
static void child_become(const struct bench_child_config *config, const char **environment, int out) {
        sigset_t none;
        int in = open("/dev/null", O_RDONLY | O_CLOEXEC), log = STDERR_FILENO;

        (void) setpgid(0, 0);
        (void) sigemptyset(&none);
        (void) pthread_sigmask(SIG_SETMASK, &none, NULL);
        if (config->log)
                log = open(config->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (in < 0 || log < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0 ||
            dup2(out >= 0 ? out : STDERR_FILENO, STDOUT_FILENO) < 0)
                _exit(126);
        if (config->folder && chdir(config->folder))
                _exit(126);
        execvpe(config->argv[0], (char *const *)config->argv, (char *const *)environment);
        _exit(127);
}

int bench_child_start(const struct bench_child_config *config, struct bench_child *ret, struct error *err) {
        CLEANUP(cleanup_free) void *memory = child_environment(config->set);
        int pipes[2] = {-1, -1};

        *ret = (struct bench_child){.out = -1};
        if (!memory) {
                error_set(err, "out of memory for the environment of %s", config->argv[0]);
                return -ENOMEM;
        }
        if (config->keep_output && pipe2(pipes, O_CLOEXEC)) {
                error_set(err, "no pipe to read what %s prints: %s", config->argv[0], strerror(errno));
                return -errno;
        }
        ret->started = child_now_ms();
        ret->pid = fork();
        if (ret->pid == 0)
                child_become(config, memory, pipes[1]);
        if (pipes[1] >= 0)
                (void) close(pipes[1]);
        if (ret->pid < 0) {
                int r = -errno;

                error_set(err, "%s cannot be started: %s", config->argv[0], strerror(-r));
                if (pipes[0] >= 0)
                        (void) close(pipes[0]);
                *ret = (struct bench_child){.out = -1};
                return r;
        }
        (void) setpgid(ret->pid, ret->pid); /* both do it: whoever comes first */
        ret->out = pipes[0];
        return 0;
}

static double child_seconds(struct timeval t) {
        return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

bool bench_child_wait(struct bench_child *child, int timeout_ms) {
        int64_t until = child_now_ms() + timeout_ms;

        while (child->pid && !child->ended) {
                struct rusage use;
                int status;

                if (wait4(child->pid, &status, WNOHANG, &use) == child->pid) {
                        child->ended = true;
                        child->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
                        child->cpu_s = child_seconds(use.ru_utime) + child_seconds(use.ru_stime);
                        child->rss_mb = (double)use.ru_maxrss / 1024;
                        child->life_s = (double)(child_now_ms() - child->started) / 1000;
                } else if (child_now_ms() >= until) {
                        return false;
                } else {
                        child_pause(LOOK_MS);
                }
        }
        return true;
}

int bench_child_finish(struct bench_child *child, struct stop *stop, struct error *err) {
        while (!bench_child_wait(child, LOOK_MS)) {
                if (!stop_wait(stop, 0))
                        continue;
                bench_child_stop(child);
                return bench_stopped(err);
        }
        return 0;
}

int bench_child_run(const char *const *argv, struct stop *stop, struct error *err) {
        struct bench_child child;
        int r = bench_child_start(&(struct bench_child_config){.argv = argv}, &child, err);

        if (r == 0)
                r = bench_child_finish(&child, stop, err);
        if (r == 0 && child.status != 0) {
                error_set(err, "%s failed with status %d; its reason is above", argv[0], child.status);
                r = -EIO;
        }
        return r;
}

void bench_child_signal(struct bench_child *child, int signal) {
        if (child->pid && !child->ended)
                (void) kill(-child->pid, signal);
}

static bool child_group_gone(pid_t group, int timeout_ms) {
        int64_t until = child_now_ms() + timeout_ms;

        while (kill(-group, 0) == 0) {
                if (child_now_ms() >= until)
                        return false;
                child_pause(LOOK_MS);
        }
        return true;
}

void bench_child_stop(struct bench_child *child) {
        if (!child || !child->pid)
                return;
        (void) kill(-child->pid, SIGTERM); /* also when its leader has ended: what it left behind */
        if (!bench_child_wait(child, BENCH_CHILD_STOP_MS) || !child_group_gone(child->pid, BENCH_CHILD_STOP_MS)) {
                (void) kill(-child->pid, SIGKILL);
                (void) bench_child_wait(child, BENCH_CHILD_STOP_MS);
        }
        if (child->out >= 0)
                (void) close(child->out);
        child->out = -1;
        child->pid = 0;
}

/* The number in the @place-th word, from 0. */
static int64_t child_stat_word(const char *text, unsigned place) {
        int64_t number = 0;

        for (text += strspn(text, " "); place > 0; place--) {
                text += strcspn(text, " ");
                text += strspn(text, " ");
        }
        return text_to_int64((struct text){text, strcspn(text, " \n")}, &number) ? number : 0;
}

double bench_cpu_s(pid_t pid) {
        char path[64], text[1024];
        const char *at = NULL;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        f = fopen(path, "r");
        if (!f)
                return 0;
        if (fgets(text, sizeof(text), f))
                at = strrchr(text, ')'); /* the name may hold anything */
        (void) fclose(f);
        return at ? (double)(child_stat_word(at + 1, STAT_USER) + child_stat_word(at + 1, STAT_SYSTEM)) / (double)sysconf(_SC_CLK_TCK) : 0;
}

/* -- A configuration of a benchmark's own: the same, but for what broker.yaml says of names and partitions -- */

#define BROKER_YAML_MAX ((size_t)1 << 20)

/* Whether a line of broker.yaml says what the copy says otherwise. */
static bool copy_is_ours(const char *line, size_t n) {
        static const char *const keys[] = {"prefix:", "partitions:"};

        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                if (n >= strlen(keys[i]) && strncmp(line, keys[i], strlen(keys[i])) == 0)
                        return true;
        }
        return false;
}

static void copy_describe_broker(const char *path, const char *prefix, int partitions, struct buffer *out) {
        struct error none;
        char *text = NULL;
        size_t n = 0;

        if (file_read(path, &text, &n, &none))
                n = 0; /* all its keys may be absent, and so may it */
        for (size_t at = 0; at < n;) {
                const char *end = memchr(text + at, '\n', n - at);
                size_t length = end ? (size_t)(end - text) - at : n - at;

                if (!copy_is_ours(text + at, length)) {
                        buffer_add(out, text + at, length);
                        buffer_add_byte(out, '\n');
                }
                at += length + 1;
        }
        free(text);
        if (prefix)
                buffer_printf(out, "prefix: \"%s\"\n", prefix);
        if (partitions)
                buffer_printf(out, "partitions: %d\n", partitions);
}

int bench_copy_configuration(const char *from, const char *to, const char *prefix, int partitions, struct stop *stop, struct error *err) {
        struct buffer out = BUFFER_INIT(BROKER_YAML_MAX);
        char all[BENCH_PATH_MAX], path[BENCH_PATH_MAX];
        bool good;
        FILE *f;
        int r;

        if (snprintf(all, sizeof(all), "%s/.", from) >= BENCH_PATH_MAX || snprintf(path, sizeof(path), "%s/broker.yaml", to) >= BENCH_PATH_MAX) {
                error_set(err, "the path %s or %s is too long", from, to);
                return -ENAMETOOLONG;
        }
        r = bench_child_run((const char *const[]){"cp", "-RL", all, to, NULL}, stop, err);
        if (r)
                return r;
        r = bench_child_run((const char *const[]){"chmod", "-R", "u+w", to, NULL}, stop, err);
        if (r)
                return r;
        copy_describe_broker(path, prefix, partitions, &out);
        f = out.failed ? NULL : fopen(path, "w");
        good = f && fwrite(out.bytes, 1, out.n, f) == out.n;
        if (f && fclose(f))
                good = false;
        buffer_done(&out);
        if (good)
                return 0;
        error_set(err, "cannot write %s", path);
        return -EIO;
}
