"""A mail server for tests, made of aiosmtpd.

It tells its port, and then each letter that it takes, as a line of JSON, and ends with its stdin. What it answers to a recipient is in the
address: `rcpt-450@…` is refused with that code at once, `data-554@…` once the letter is there.
"""

import asyncio
import email
import email.policy
import json
import logging
import os
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# It thinks little of a password without STARTTLS, which is right but for TLS from the first byte.
logging.getLogger("mail.log").setLevel(logging.ERROR)

TLS, PEM, USER, PASSWORD, LIMIT = sys.argv[1:]


def tell(what):
    print(json.dumps(what), flush=True)


class House:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("rcpt-"):
            return f"{address[5:8]} as the address asks"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        for address in envelope.rcpt_tos:
            if address.startswith("data-"):
                return f"{address[5:8]} as the address asks"
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        tell({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "id": letter["message-id"],
            "subject": str(letter["subject"]),
            "type": str(letter["content-type"]),
            "faults": [str(fault) for fault in letter.defects],
            "text": letter.get_content().replace("\r\n", "\n"),
            "is_safe": session.ssl is not None or TLS == "implicit",
            "user": session.auth_data,
        })
        return "250 taken"


def authenticate(server, session, envelope, mechanism, given):
    is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False, auth_data=USER)


async def main():
    context = None
    if TLS != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)

    def visit():
        return SMTP(
            House(),
            data_size_limit=int(LIMIT),
            hostname="mail.example",
            tls_context=context if TLS == "starttls" else None,
            require_starttls=TLS == "starttls",
            auth_required=bool(USER),
            auth_require_tls=TLS == "starttls",
            authenticator=authenticate,
        )

    implicit = context if TLS == "implicit" else None
    server = await asyncio.get_running_loop().create_server(visit, "127.0.0.1", 0, ssl=implicit)
    tell({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


def end_with_stdin():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_stdin, daemon=True).start()
asyncio.run(main())
