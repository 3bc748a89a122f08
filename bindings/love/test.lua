-- The tests of iplaygames.lua: `love bindings/love test`. Returns the function that LÖVE calls as its loop.

local ipg = require "iplaygames"

local passed, failed = 0, 0

local function check(condition, what)
  if condition then
    passed = passed + 1
  else
    failed = failed + 1
    print(("FAILED: %s (test.lua:%d)"):format(what, debug.getinfo(2, "l").currentline))
  end
end

-- As frames do it; a request that takes longer than ten seconds hangs.
local function finish(client, request)
  local deadline = love.timer.getTime() + 10
  repeat
    client:tick(2000)
    local state, value = request:poll()
    if state == "done" or state == "failed" then return state, value end
    love.timer.sleep(0.001)
  until love.timer.getTime() > deadline
  return "hung"
end

local PLAYER = { game_id = 42, player_id = "p", currency = "EUR", country_code = "DE", ip_address = "203.0.113.9" }

local function player(changes)
  local result = {}
  for key, value in pairs(PLAYER) do result[key] = value end
  for key, value in pairs(changes) do result[key] = value end
  return result
end

local sandbox = assert(ipg.sandbox())
local client = assert(ipg.client(sandbox.config))

local tests = {}

function tests.a_session_from_start_to_end()
  local state, answer = finish(client, assert(client:start(PLAYER)))
  check(state == "done", "start")
  local id = answer:get "/data/session_id"
  local watch = assert(client:watch(id, 10))
  check(select(2, finish(client, assert(client:status(id)))):get "/data/status" == "active", "status")
  local deadline = love.timer.getTime() + 10
  local seen, news = "pending", nil
  while seen == "pending" and love.timer.getTime() < deadline do
    client:tick(2000)
    seen, news = watch:poll()
    love.timer.sleep(0.001)
  end
  check(seen == "news" and news:get "/data/status" == "active", "the watch tells the first reading")
  check(finish(client, assert(client:finish(id))) == "done", "end")
  state, answer = finish(client, watch)
  check(state == "done" and answer:get "/data/status" == "closed", "the watch ends")
  check(watch:poll() == "done", "the end is told as often as asked")
  check(answer:get "/nothing/here" == nil and answer:get "/success" == true, "values")
end

function tests.errors_are_tables_with_every_field()
  local request, problem = client:start(player { currency = "€" })
  check(request == nil and problem.code == 100 and problem.name == "IPG_ERR_INVALID_ARGUMENT", "refused at once")
  check(problem.field == "/currency" and problem.outcome == "not_sent", "field and outcome")
  check(problem.retryable == false and problem.operation == "start_a_game_session", "retryable and operation")
  check(tostring(problem):find("IPG_ERR_INVALID_ARGUMENT: ", 1, true) == 1, "tostring")

  local state
  state, problem = finish(client, assert(client:status "nobody"))
  check(state == "failed" and problem.code == 404 and problem.http_status == 404, "the API's no")
  check(problem.outcome == "rejected" and problem.attempts == 1 and #problem.call_id > 0, "what is known of it")
  check(problem.body:find('"success"', 1, true) ~= nil and problem.message ~= "", "body and message")

  request, problem = client:call("no_such_operation")
  check(request == nil and problem.name == "IPG_ERR_UNKNOWN_OPERATION", "an unknown operation")
  request, problem = ipg.client { colour = "red" }
  check(request == nil and problem.field == "/colour", "an unknown key of the configuration")

  assert(sandbox:control { command = "fault", operation = "get_session_status", status = 503, retry_after = 1, times = 9 })
  state, problem = finish(client, assert(client:call("get_session_status", { session_id = "x" }, { max_retries = 0 })))
  check(state == "failed" and problem.code == 503 and problem.retryable == true, "retryable")
  check(problem.retry_after_ms == 1000 and problem.body == nil and problem.body_text ~= nil, "retry_after_ms and body_text")
  assert(sandbox:control { command = "clear_faults" })
end

function tests.hostile_text_is_sent_or_refused_and_never_cut()
  local hostile = { '"', "\\", '", "game_id": 1, "x": "', "\n\r\t\1", "日本語", "%s%n%p", ("x"):rep(100000) }
  for _, name in ipairs(hostile) do
    local state, answer = finish(client, assert(client:start(player { player_id = name })))
    check(state == "done", "a player named " .. name:sub(1, 20))
    check(answer:get "/data/session_id" ~= nil, "and its session")
  end
  local sessions = assert(sandbox:control { command = "sessions" })
  check(sessions.json:find("日本語", 1, true) ~= nil, "the name arrived")

  local request, problem = client:start(player { player_id = "\255\254" })
  check(request == nil and problem.code == 100, "what is not UTF-8")
  for _, id in ipairs { "", ".", "..", "a\0b" } do
    request, problem = client:watch(id, 100)
    check(request == nil and problem.code == 100, "watching a bad id")
  end
  request, problem = client:status ".."
  check(request == nil and problem.field == "/session_id", "asking for a bad id")
  local state
  state, problem = finish(client, assert(client:status "../../a?b#c d"))
  check(state == "failed" and problem.code == 404, "an id is one piece of a path")
  request, problem = client:call("list_games\0", {})
  check(request == nil and problem.code == 100, "a NUL in a name")
  request, problem = client:watch("x", 1)
  check(request == nil and problem.field == "/interval_ms", "a pace that is too fast")
end

function tests.tables_become_json()
  local loop = {}
  loop.itself = loop
  for _, bad in ipairs { 0 / 0, math.huge, print, loop, { [{}] = 1 } } do
    local request, problem = client:start(player { return_url = bad })
    check(request == nil and problem.code == 100, "cannot be sent: " .. tostring(bad))
  end
  local request = assert(client:start(player { bet = 0.1, large = 9007199254740991, list = { 1, { a = true } } }))
  check(finish(client, request) == "done", "start")
  local requests = assert(sandbox:control { command = "requests" }).json
  check(requests:find('\\"bet\\":0.1,', 1, true) or requests:find('\\"bet\\":0.1}', 1, true), "0.1 stays 0.1")
  check(requests:find("9007199254740991", 1, true), "large numbers keep their digits")
  check(requests:find('\\"list\\":[1,{\\"a\\":true}]', 1, true), "lists and objects")
  request = assert(client:start [[{"game_id": 42, "player_id": "p", "currency": "EUR", "country_code": "DE",
                                  "ip_address": "203.0.113.9", "money": 0.50}]])
  check(finish(client, request) == "done", "JSON text")
  check(sandbox:control({ command = "requests" }).json:find("0.50}", 1, true), "money keeps its digits")
end

function tests.the_collector_frees_live_requests()
  assert(sandbox:control { command = "fault", operation = "*", delay_ms = 60000, times = 0 })
  local small = assert(ipg.client { base_url = sandbox.config.base_url, api_key = sandbox.config.api_key, max_in_flight = 50 })
  for round = 1, 20 do -- 400 calls pass through a client that holds 50
    for _ = 1, 20 do assert(small:status "x") end
    small:tick(2000)
    collectgarbage()
    collectgarbage()
  end
  local held = {}
  for i = 1, 50 do held[i] = assert(small:status "x") end
  local request, problem = small:status "x"
  check(request == nil and problem.name == "IPG_ERR_BUSY" and problem.outcome == "not_sent", "fifty are held")
  check(held[1]:free() and not held[1]:free(), "freed once")
  check(select(2, held[1]:poll()).name == "IPG_ERR_INVALID_HANDLE", "a freed request is an error, no crash")
  check(held[2]:cancel(), "canceled")
  local state
  state, problem = held[2]:poll()
  check(state == "failed" and problem.name == "IPG_ERR_CANCELED", "a canceled request says so")

  -- The client first, its requests after it.
  check(small:free(), "free")
  state, problem = held[3]:poll()
  check(state == "failed" and problem.name == "IPG_ERR_CANCELED", "a request outlives its client")
  check(select(2, small:tick()).name == "IPG_ERR_INVALID_HANDLE", "a freed client is an error")
  held, small = nil, nil
  collectgarbage()
  collectgarbage()
  assert(sandbox:control { command = "clear_faults" })
end

function tests.zz_quit_with_calls_in_flight()
  assert(sandbox:control { command = "fault", operation = "*", delay_ms = 60000, times = 0 })
  local requests = {}
  for i = 1, 100 do requests[i] = assert(client:status "x") end
  client:tick(2000)
  local before = love.timer.getTime()
  check(client:shutdown(100), "shutdown")
  check(love.timer.getTime() - before < 5, "it does not wait for the answers")
  for i = 1, 100 do
    local state, problem = requests[i]:poll()
    check(state == "failed" and problem.name == "IPG_ERR_CANCELED", "each is canceled")
  end
  local request, problem = client:status "x"
  check(request == nil and problem.name == "IPG_ERR_SHUT_DOWN", "no new calls")
  -- And one that nobody shuts down or frees: LÖVE closes Lua with its calls in flight.
  LEFT = assert(ipg.client(sandbox.config))
  LEFT_CALLS = {}
  for i = 1, 100 do LEFT_CALLS[i] = assert(LEFT:status "x") end
  LEFT:tick(2000)
end

local names = {}
for name in pairs(tests) do names[#names + 1] = name end
table.sort(names)

return function()
  for _, name in ipairs(names) do
    local good, problem = xpcall(tests[name], debug.traceback)
    check(good, name .. ": " .. tostring(problem))
  end
  print(("%d passed, %d failed"):format(passed, failed))
  return failed == 0 and 0 or 1
end
