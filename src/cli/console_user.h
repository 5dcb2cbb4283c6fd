/* SPDX-License-Identifier: EUPL-1.2 */
#pragma once

/*
 * `ketenwacht console user`: the line of console.yaml that lets somebody in, with the hash of a password that is asked for. argv[0] is "user".
 * Return: an exit status.
 */
int console_user_run(int argc, char **argv);
