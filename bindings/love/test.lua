-- The tests of iplaygames.lua; run `love bindings/love test`. Returns the function that LÖVE calls
-- as its loop.

local ipg = require "iplaygames"

local passed, failed = 0, 0

local function check(condition, promise)
  if condition then
    passed = passed + 1
  else
    failed = failed + 1
    print(("FAILED: %s (test.lua:%d)"):format(promise, debug.getinfo(2, "l").currentline))
  end
end

-- Ticks like a game until the request ends. Returns "timeout" after ten seconds.
local function wait_for(client, request)
  local deadline = love.timer.getTime() + 10
  repeat
    client:tick(2000)
    local state, value = request:poll()
    if state == "done" or state == "failed" then return state, value end
    love.timer.sleep(0.001)
  until love.timer.getTime() > deadline
  return "timeout"
end

local PLAYER = { game_id = 42, player_id = "p", currency = "EUR", country_code = "DE", ip_address = "203.0.113.9" }

local function valid_start(changes)
  local result = {}
  for key, value in pairs(PLAYER) do result[key] = value end
  for key, value in pairs(changes) do result[key] = value end
  return result
end

local sandbox = assert(ipg.sandbox())
local client = assert(ipg.client(sandbox.config))

local tests = {}

function tests.a_watch_reports_failed_readings_and_goes_on()
  local _, reply = wait_for(client, assert(client:session_start(PLAYER)))
  local watch = assert(client:session_watch(reply:get "/data/session_id", 10))
  local deadline, failing, recovered, first = love.timer.getTime() + 10, nil, false, true
  while not recovered and love.timer.getTime() < deadline do
    client:tick(2000)
    local state, value = watch:poll()
    if state == "failing" then failing = value end
    if state == "update" then
      if first then
        first = false
        assert(sandbox:control { command = "fault", operation = "get_session_status", status = 503, times = 30 })
      else
        recovered = true
      end
    end
    love.timer.sleep(0.001)
  end
  check(failing and failing.code == 503 and failing.name == "IPG_ERR_UNAVAILABLE", "failed readings are an error")
  check(recovered, "the watch goes on")
  watch:free()
end

function tests.a_suspended_client_makes_no_progress_until_it_resumes()
  check(client:suspend(), "the client is suspended")
  local request = assert(client:submit_prewarm())
  for _ = 1, 20 do client:tick(2000) end
  check(request:poll() == "pending", "a suspended client makes no progress")
  check(client:resume(), "the client is resumed")
  check(wait_for(client, request) == "done", "the request goes on")
end

function tests.a_session_is_started_watched_and_ended()
  local state, reply = wait_for(client, assert(client:session_start(PLAYER)))
  check(state == "done", "the session is started")
  local id = reply:get "/data/session_id"
  local watch = assert(client:session_watch(id, 10))
  check(select(2, wait_for(client, assert(client:session_status(id)))):get "/data/status" == "active", "the session is active")
  local deadline = love.timer.getTime() + 10
  local seen, update = "pending", nil
  while seen == "pending" and love.timer.getTime() < deadline do
    client:tick(2000)
    seen, update = watch:poll()
    love.timer.sleep(0.001)
  end
  check(seen == "update" and update:get "/data/status" == "active", "the watch reports the first status")
  check(wait_for(client, assert(client:session_end(id))) == "done", "the session is ended")
  state, reply = wait_for(client, watch)
  check(state == "done" and reply:get "/data/status" == "closed", "the watch ends")
  check(watch:poll() == "done", "poll returns the end again")
  check(reply:get "/nothing/here" == nil and reply:get "/success" == true, "get returns the values of the document")
end

function tests.an_error_has_every_field_of_the_document()
  local request, problem = client:session_start(valid_start { currency = "€" })
  check(request == nil and problem.code == 100 and problem.name == "IPG_ERR_INVALID_ARGUMENT", "an invalid argument is rejected immediately")
  check(problem.field == "/currency" and problem.outcome == "not_sent", "the error has the field and the outcome")
  check(problem.retryable == false and problem.operation == "start_a_game_session", "the error has retryable and the operation")
  check(tostring(problem):find("IPG_ERR_INVALID_ARGUMENT: ", 1, true) == 1, "tostring begins with the name of the code")

  local state
  state, problem = wait_for(client, assert(client:session_status "nobody"))
  check(state == "failed" and problem.code == 404 and problem.http_status == 404, "an unknown session is an error of the API")
  check(problem.outcome == "rejected" and problem.attempts == 1 and #problem.call_id > 0, "the error has the outcome, the attempts and the call id")
  check(problem.body:find('"success"', 1, true) ~= nil and problem.message ~= "", "the error has the body and a message")

  request, problem = client:call("no_such_operation")
  check(request == nil and problem.name == "IPG_ERR_UNKNOWN_OPERATION", "an unknown operation has its own code")
  request, problem = ipg.client { colour = "red" }
  check(request == nil and problem.field == "/colour", "the error for an unknown key points at it")

  assert(sandbox:control { command = "fault", operation = "get_session_status", status = 503, retry_after = 1, times = 9 })
  state, problem = wait_for(client, assert(client:call("get_session_status", { session_id = "x" }, { max_retries = 0 })))
  check(state == "failed" and problem.code == 503 and problem.retryable == true, "status 503 is retryable")
  check(problem.retry_after_ms == 1000 and problem.body == nil and problem.body_text ~= nil, "the error has retry_after_ms and body_text")
  assert(sandbox:control { command = "clear_faults" })
end

function tests.unusual_text_is_sent_or_rejected_and_never_truncated()
  local hostile = { '"', "\\", '", "game_id": 1, "x": "', "\n\r\t\1", "日本語", "%s%n%p", ("x"):rep(100000) }
  for _, name in ipairs(hostile) do
    local state, reply = wait_for(client, assert(client:session_start(valid_start { player_id = name })))
    check(state == "done", "a session is started for the player " .. name:sub(1, 20))
    check(reply:get "/data/session_id" ~= nil, "the reply has the session id")
  end
  local sessions = assert(sandbox:control { command = "sessions" })
  check(sessions.json:find("日本語", 1, true) ~= nil, "the server received the name unchanged")

  local request, problem = client:session_start(valid_start { player_id = "\255\254" })
  check(request == nil and problem.code == 100, "text that is not UTF-8 is rejected")
  for _, id in ipairs { "", ".", "..", "a\0b" } do
    request, problem = client:session_watch(id, 100)
    check(request == nil and problem.code == 100, "watching an invalid id is rejected")
  end
  request, problem = client:session_status ".."
  check(request == nil and problem.field == "/session_id", "the error for an invalid id points at it")
  local state
  state, problem = wait_for(client, assert(client:session_status "../../a?b#c d"))
  check(state == "failed" and problem.code == 404, "an id is sent as one path segment")
  request, problem = client:call("list_games\0", {})
  check(request == nil and problem.code == 100, "an operation with a NUL is rejected")
  request, problem = client:session_watch("x", 1)
  check(request == nil and problem.field == "/interval_ms", "the error for a short interval points at it")
end

function tests.tables_are_converted_to_json()
  local loop = {}
  loop.itself = loop
  for _, bad in ipairs { 0 / 0, math.huge, print, loop, { [{}] = 1 } } do
    local request, problem = client:session_start(valid_start { return_url = bad })
    check(request == nil and problem.code == 100, "a table cannot contain " .. tostring(bad))
  end
  local request = assert(client:session_start(valid_start { extra = { bet = 0.1, large = 9007199254740991, list = { 1, { a = true } } } }))
  check(wait_for(client, request) == "done", "the session is started")
  local requests = assert(sandbox:control { command = "requests" }).json
  check(requests:find('\\"bet\\":0.1,', 1, true) or requests:find('\\"bet\\":0.1}', 1, true), "0.1 is sent as 0.1")
  check(requests:find("9007199254740991", 1, true), "a large number keeps its digits")
  check(requests:find('\\"list\\":[1,{\\"a\\":true}]', 1, true), "lists and objects are converted")
  request = assert(client:session_start [[{"game_id": 42, "player_id": "p", "currency": "EUR", "country_code": "DE",
                                  "ip_address": "203.0.113.9", "extra": {"money": 0.50}}]])
  check(wait_for(client, request) == "done", "JSON text is accepted")
  check(sandbox:control({ command = "requests" }).json:find("0.50}", 1, true), "an amount keeps its digits")
end

function tests.the_garbage_collector_frees_requests()
  assert(sandbox:control { command = "fault", operation = "*", delay_ms = 60000, times = 0 })
  local small = assert(ipg.client { base_url = sandbox.config.base_url, api_key = sandbox.config.api_key, max_in_flight = 50 })
  for round = 1, 20 do -- the client allows 50 requests; 400 are made
    for _ = 1, 20 do assert(small:session_status "x") end
    small:tick(2000)
    collectgarbage()
    collectgarbage()
  end
  local held = {}
  for i = 1, 50 do held[i] = assert(small:session_status "x") end
  local request, problem = small:session_status "x"
  check(request == nil and problem.name == "IPG_ERR_BUSY" and problem.outcome == "not_sent", "the limit counts requests that are not freed")
  check(held[1]:free() and not held[1]:free(), "free succeeds only once")
  check(select(2, held[1]:poll()).name == "IPG_ERR_INVALID_HANDLE", "poll of a freed request returns an error")
  check(held[2]:cancel(), "cancel succeeds")
  local state
  state, problem = held[2]:poll()
  check(state == "failed" and problem.name == "IPG_ERR_CANCELED", "a canceled request has its own code")

  -- Free the client before its requests.
  check(small:free(), "the client is freed")
  state, problem = held[3]:poll()
  check(state == "failed" and problem.name == "IPG_ERR_CANCELED", "a request outlives its client")
  check(select(2, small:tick()).name == "IPG_ERR_INVALID_HANDLE", "tick of a freed client returns an error")
  held, small = nil, nil
  collectgarbage()
  collectgarbage()
  assert(sandbox:control { command = "clear_faults" })
end

function tests.zz_shutdown_cancels_the_calls_in_flight()
  assert(sandbox:control { command = "fault", operation = "*", delay_ms = 60000, times = 0 })
  local requests = {}
  for i = 1, 100 do requests[i] = assert(client:session_status "x") end
  client:tick(2000)
  local before = love.timer.getTime()
  check(client:shutdown(100), "shutdown succeeds")
  check(love.timer.getTime() - before < 5, "shutdown does not wait for the responses")
  for i = 1, 100 do
    local state, problem = requests[i]:poll()
    check(state == "failed" and problem.name == "IPG_ERR_CANCELED", "each request is canceled")
  end
  local request, problem = client:session_status "x"
  check(request == nil and problem.name == "IPG_ERR_SHUT_DOWN", "a client that is shut down refuses calls")
  -- No code shuts down or frees this client: LÖVE closes Lua while its calls are in flight.
  LEFTOVER_CLIENT = assert(ipg.client(sandbox.config))
  LEFTOVER_CALLS = {}
  for i = 1, 100 do LEFTOVER_CALLS[i] = assert(LEFTOVER_CLIENT:session_status "x") end
  LEFTOVER_CLIENT:tick(2000)
end

require "transport_test" (tests, check, wait_for)

local names = {}
for name in pairs(tests) do names[#names + 1] = name end
table.sort(names)

return function()
  for _, name in ipairs(names) do
    local ok, problem = xpcall(tests[name], debug.traceback)
    check(ok, name .. ": " .. tostring(problem))
  end
  print(("%d passed, %d failed"):format(passed, failed))
  return failed == 0 and 0 or 1
end
