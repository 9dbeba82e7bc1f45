"""What runs on the loop of a process is heard of in its own words."""

import asyncio

from gatebook.app.log_lines import loop_failed
from gatebook.app.serving import listen_on, served_beside, server_for
from gatebook.web.body import Receive
from gatebook.web.exchange import Exchange, Scope, Send
from gatebook.web.lifespan import keep_alive
from gatebook.web.problem import Answer, problem
from tests.servers import ask


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await keep_alive(receive, send)
    else:
        await Exchange(scope, receive, send).answer(Answer(200, [], b"here"))


async def test_an_exception_that_nobody_took_is_told_without_its_words() -> None:
    listener = listen_on("127.0.0.1", 0)
    server = server_for(application, problem, lambda: None)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    assert asyncio.get_running_loop().get_exception_handler() is loop_failed
    server.should_exit = True
    await serving


async def test_a_second_server_lives_as_long_as_it_is_wanted_and_takes_no_signal() -> None:
    listener = listen_on("127.0.0.1", 0)
    port = listener.getsockname()[1]
    async with served_beside(application, listener):
        got = await asyncio.to_thread(ask, port, "GET", "/")
        assert (got.status, got.body) == (200, b"here")
    assert listener.fileno() == -1
