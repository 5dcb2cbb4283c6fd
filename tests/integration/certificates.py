# SPDX-License-Identifier: EUPL-1.2
"""Certificates of the tests' own, by openssl: who vouches, and for whom.

Knows no peer. Files in a folder: NAME.pem and NAME.key.
"""

import os
import ssl
import subprocess


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def authority(folder, name):
    """A certificate authority in a folder; its certificate."""
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem")
    return os.path.join(folder, f"{name}.pem")


def vouch(folder, by, host, days=2):
    """For whom is called so, by that authority; -1 days: it has expired. The files of the certificate and of its key."""
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={host}", "-addext",
            f"subjectAltName=DNS:{host}", "-keyout", f"{host}.key", "-out", f"{host}.csr")
    openssl(folder, "x509", "-req", "-in", f"{host}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial", "-days", str(days),
            "-copy_extensions", "copy", "-out", f"{host}.pem")
    return os.path.join(folder, f"{host}.pem"), os.path.join(folder, f"{host}.key")


def certificate(folder, by, host, days=2, clients=None):
    """A context for a server that is vouched for in this way; with clients: only for those whom the authority of that name vouches for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*vouch(folder, by, host, days))
    if clients:
        context.load_verify_locations(os.path.join(folder, f"{clients}.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
    return context
