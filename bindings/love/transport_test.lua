-- The tests of a transport of the program. test.lua runs them. Returns a function that adds them to
-- the tests.

local ipg = require "iplaygames"
local socket = require "socket"

local GAMES = '{"success": true, "data": []}'
local JSON = { ["Content-Type"] = "application/json" }
local KEY = "a-secret-key-of-the-host"
local PLAYER = { game_id = 42, player_id = "日本語", currency = "EUR", country_code = "DE", ip_address = "203.0.113.9" }

-- A transport over LuaSocket: one connection for each request, which never blocks for long.
-- `update` reads what has arrived.
local function socket_transport()
  local transport, open, sent = {}, {}, 0
  function transport.send(exchange)
    sent = sent + 1
    local host, port, target = exchange.url:match "^http://([^:/]+):(%d+)(/.*)$"
    local connection = socket.tcp()
    connection:settimeout(5)
    local ok, problem = connection:connect(host, tonumber(port))
    if not ok then
      connection:close()
      exchange:fail("IPG_ERR_CONNECT", false, problem)
      return
    end
    local lines = { exchange.method .. " " .. target .. " HTTP/1.1", "host: " .. host .. ":" .. port, "connection: close",
                    "content-length: " .. #(exchange.body or "") }
    for name, value in pairs(exchange.headers) do lines[#lines + 1] = name .. ": " .. value end
    connection:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. (exchange.body or ""))
    connection:settimeout(0)
    open[exchange] = { connection = connection, received = "" }
  end
  function transport.cancel(exchange)
    if open[exchange] then open[exchange].connection:close() end
    open[exchange] = nil
  end
  function transport.update()
    for exchange, state in pairs(open) do
      local all, problem, part = state.connection:receive "*a"
      state.received = state.received .. (all or part or "")
      if problem ~= "timeout" then
        state.connection:close()
        open[exchange] = nil
        local status, head, body = state.received:match "^HTTP/1.1 (%d+)[^\r]*\r\n(.-\r\n)\r\n(.*)$"
        local headers = {}
        for name, value in (head or ""):gmatch "([^:\r\n]+): *([^\r\n]*)" do headers[name] = value end
        if status then
          exchange:respond(tonumber(status), headers, body)
        else
          exchange:fail("IPG_ERR_CONNECTION_LOST", true, problem)
        end
      end
    end
  end
  function transport.sent() return sent end
  return transport
end

return function(tests, check, wait_for)
  local function config(more)
    local result = { api_key = KEY, base_url = "http://127.0.0.1:1" }
    for key, value in pairs(more or {}) do result[key] = value end
    return result
  end

  -- Returns a client, whose transport calls `send`, and the list of the exchanges.
  local function new_client(send, more, cancel)
    local exchanges = {}
    local client = assert(ipg.client(config(more), {
      send = function(exchange)
        exchanges[#exchanges + 1] = exchange
        return send(exchange)
      end,
      cancel = cancel,
    }))
    return client, exchanges
  end

  local function tick_until(client, done)
    local deadline = love.timer.getTime() + 10
    while not done() and love.timer.getTime() < deadline do
      client:tick(2000)
      love.timer.sleep(0.001)
    end
    return done()
  end

  function tests.a_session_is_played_through_a_transport()
    local sandbox = assert(ipg.sandbox())
    local transport = socket_transport()
    local client = assert(ipg.client(sandbox.config, transport))
    -- The transport reads between the ticks, like a game that polls its sockets.
    local ticking = { tick = function(_, budget)
      transport.update()
      return client:tick(budget)
    end }
    local state, reply = wait_for(ticking, assert(client:session_start(PLAYER)))
    check(state == "done", "the session is started")
    local id = reply:get "/data/session_id"
    check(select(2, wait_for(ticking, assert(client:session_status(id)))):get "/data/status" == "active", "the session is active")
    check(wait_for(ticking, assert(client:session_end(id))) == "done", "the session is ended")
    local problem
    state, problem = wait_for(ticking, assert(client:session_status "nobody"))
    check(state == "failed" and problem.http_status == 404 and problem.request_id ~= nil, "an error of the API has its status and its headers")
    check(transport.sent() == 4 and sandbox:control({ command = "counts" }):get "/requests/total" == 4, "each call is one request")
    check(sandbox:control({ command = "sessions" }).json:find("日本語", 1, true), "the server received the body unchanged")
    assert(sandbox:control { command = "fault", operation = "*", drop = "after", times = 0 })
    state, problem = wait_for(ticking, assert(client:session_start(PLAYER)))
    check(state == "failed" and problem.outcome == "unknown" and problem.attempts == 1, "a start whose response is lost is unknown")
    client:free()
    sandbox:stop()
    client = assert(ipg.client(config { max_retries = 1 }, transport))
    state, problem = wait_for(client, assert(client:session_start(PLAYER)))
    check(problem.name == "IPG_ERR_CONNECT" and problem.outcome == "not_sent" and problem.attempts == 2, "a start that was not sent is sent again")
    client:free()
  end

  function tests.an_exchange_has_the_request_and_is_answered_once()
    local answers
    local client, exchanges = new_client(function(exchange)
      answers = { exchange:respond(200, JSON, GAMES), exchange:respond(200, JSON, GAMES), exchange:fail("IPG_ERR_TLS", true) }
    end)
    local state, reply = wait_for(client, assert(client:call "list_games"))
    check(state == "done" and reply.json == GAMES, "the reply is the body of the response")
    check(answers[1] and not answers[2] and not answers[3], "only the first answer is accepted")
    local exchange = exchanges[1]
    check(exchange.method == "GET" and exchange.url:find("http://127.0.0.1:1/", 1, true) == 1 and exchange.body == nil, "the exchange has the method and the address")
    check(exchange.headers.authorization == "Bearer " .. KEY, "the exchange has the headers")
    wait_for(client, assert(client:session_start(PLAYER)))
    check(exchanges[2].method == "POST" and exchanges[2].body:find("日本語", 1, true), "the exchange has the body")
    client:free()
  end

  function tests.a_response_that_is_not_valid_is_a_bad_response()
    local answer
    local client = new_client(function(exchange) return answer(exchange) end, { max_retries = 0 })
    local answers = {
      function(exchange) exchange:respond(0, JSON, GAMES) end,
      function(exchange) exchange:respond(0 / 0, JSON, GAMES) end,
      function(exchange) exchange:respond(nil) end,
      function(exchange) exchange:respond(200, { X = "\255" }, GAMES) end,
      function(exchange) exchange:respond(200) end,
    }
    for _, one in ipairs(answers) do
      answer = one
      local state, problem = wait_for(client, assert(client:session_start(PLAYER)))
      check(state == "failed" and problem.name == "IPG_ERR_BAD_RESPONSE" and problem.outcome == "unknown", "a response that is not valid is unknown")
    end
    answer = function(exchange) exchange:respond(503, { X = "a\r\nRetry-After: 7" }, GAMES) end
    local _, problem = wait_for(client, assert(client:call "list_games"))
    check(problem.http_status == 503 and problem.retry_after_ms == nil, "a value cannot add a header")
    local accepted
    answer = function(exchange)
      accepted = pcall(exchange.fail, exchange, "IPG_ERR_BUSY", false)
      exchange:fail("IPG_ERR_RESOLVE", false, "no such\0name")
    end
    _, problem = wait_for(client, assert(client:call "list_games"))
    check(not accepted and problem.name == "IPG_ERR_RESOLVE" and problem.message:find("no such name", 1, true), "another code is refused, and the exchange stays open")
    client:free()
  end

  function tests.an_error_of_a_transport_is_a_failure_that_counts_as_sent()
    local raised = "the header is Bearer " .. KEY
    local client, exchanges = new_client(function() error(raised) end)
    local state, problem = wait_for(client, assert(client:session_start(PLAYER)))
    check(state == "failed" and problem.name == "IPG_ERR_CONNECTION_LOST" and problem.outcome == "unknown", "a start whose transport raises an error is unknown")
    check(#exchanges == 1, "the start is not sent again")
    check(problem.message:find("[hidden]", 1, true) and not problem.json:find(KEY, 1, true), "the error does not show the key")
    for _, one in ipairs { setmetatable({}, { __tostring = function() error "no text" end }), "\255", {} } do
      raised = one
      check(select(2, wait_for(client, assert(client:session_start(PLAYER)))).name == "IPG_ERR_CONNECTION_LOST", "any error is a failure")
    end
    client:free()
    client = new_client(coroutine.yield)
    check(select(2, wait_for(client, assert(client:session_start(PLAYER)))).outcome == "unknown", "a yield in a transport is a failure")
    client:free()
  end

  function tests.the_end_of_a_call_cancels_its_exchange()
    local canceled = {}
    local client, exchanges = new_client(function() end, nil, function(exchange)
      canceled[exchange] = true
      error "an error of the host"
    end)
    local request = assert(client:call "list_games")
    local limited = assert(client:call("list_games", nil, { timeout_ms = 50, max_retries = 0 }))
    check(tick_until(client, function() return #exchanges == 2 end), "both calls are sent")
    request:cancel()
    check(tick_until(client, function() return canceled[exchanges[1]] and canceled[exchanges[2]] end), "a cancellation and a time limit cancel")
    check(limited:poll() == "failed", "the call with the time limit fails")
    local left = assert(client:call "list_games")
    check(tick_until(client, function() return #exchanges == 3 end), "the third call is sent")
    client:free()
    check(canceled[exchanges[3]], "free cancels")
    check(left:poll() == "failed", "the call has ended")
    for _, exchange in ipairs(exchanges) do check(not exchange:respond(200, JSON, GAMES), "an answer after the end is refused") end
  end

  -- A callback inside compiled code ends the process. LuaJIT compiles no call of a C function that
  -- has called back from the interpreter. So this test comes first by its name, and its loop is
  -- compiled before the first callback.
  function tests.a_compiled_loop_drives_a_transport()
    local sent = 0
    local client = new_client(function(exchange)
      sent = sent + 1
      exchange:respond(200, JSON, GAMES)
    end)
    local function drive(expected, limit)
      local i = 0
      while i < limit and sent < expected do
        client:tick(0)
        i = i + 1
      end
    end
    drive(1, 5000)
    check(jit.status() and sent == 0, "the loop is compiled, and no function was called back")
    assert(client:call "list_games")
    drive(1, 1e7)
    check(sent == 1, "the compiled loop sends a request")
    client:free()
  end

  function tests.the_garbage_collector_frees_transports()
    local weak = setmetatable({}, { __mode = "k" })
    local function lose(dispose)
      local client, exchanges = new_client(function() end)
      weak[exchanges] = true
      client:call "list_games"
      client:tick(2000)
      if dispose then client:free() end
    end
    for i = 1, 200 do lose(i % 2 == 0) end
    for _, wrong in ipairs { config { colour = 1 }, config { io_thread = true } } do
      check(ipg.client(wrong, { send = function() end }) == nil, "a wrong configuration is refused")
    end
    check(select(2, ipg.client(config(), {})).code == 100, "a transport without `send` is refused")
    local function alive()
      collectgarbage()
      local count = 0
      for _ in pairs(weak) do count = count + 1 end
      return count
    end
    for _ = 1, 10 do alive() end
    check(alive() <= 1, "the functions of freed clients are collected: " .. alive())
  end

  -- No code frees this client: LÖVE closes Lua while its exchanges are open.
  function tests.zzz_a_client_with_open_exchanges_is_left()
    LEFTOVER_TRANSPORT_CLIENT = new_client(function() end, nil, function() end)
    for _ = 1, 10 do assert(LEFTOVER_TRANSPORT_CLIENT:call "list_games") end
    check(LEFTOVER_TRANSPORT_CLIENT:tick(2000), "the exchanges are open")
  end
end
