-- A game loop in LÖVE at 60 Hz that starts, watches and ends a session without waiting for the
-- network. It uses the sandbox, which runs the API in this process, and prints the durations of the
-- frames. The exit status is 0 if the session was played correctly.
--
--     love bindings/love            the demo
--     love bindings/love test       the tests

local ipg = require "iplaygames"

local sandbox, client, session
local phase, statuses, exit_code = "idle", {}, nil
local clock = 0 -- seconds since the start

-- A new request replaces the previous one.
local request, watch

local function fail(action, error)
  print(action, error)
  phase, exit_code = "failed", 1
end

function love.load()
  sandbox = assert(ipg.sandbox())
  client = assert(ipg.client(sandbox.config))
  assert(client:prewarm())
end

function love.update(dt)
  clock = clock + dt
  client:tick(2000)

  if phase == "idle" and clock > 2 then
    local problem
    request, problem = client:session_start {
      game_id = 42, player_id = 'player "seven"', currency = "EUR", country_code = "DE", ip_address = "203.0.113.9",
    }
    if not request then return fail("start", problem) end
    phase = "starting"
  elseif phase == "starting" then
    local state, value = request:poll()
    if state == "failed" then return fail("start", value) end
    if state == "done" then
      session = value:get "/data/session_id"
      print("play at " .. value:get "/data/game_url")
      watch = assert(client:session_watch(session, 100))
      phase = "playing"
    end
  elseif phase == "playing" and clock > 5 then
    request = assert(client:session_end(session))
    phase = "ending"
  elseif phase == "ending" then
    local state, value = request:poll()
    if state == "failed" then return fail("end", value) end
  end

  if watch then
    local state, value = watch:poll()
    if state == "failed" then return fail("watch", value) end
    if state ~= "pending" then
      statuses[#statuses + 1] = value:get "/data/status"
      print("the session is " .. statuses[#statuses])
    end
    if state == "done" then
      watch:free()
      watch, phase = nil, "over"
    end
  end
end

function love.draw()
  love.graphics.print("session: " .. phase, 20, 20)
end

function love.quit()
  if client then
    client:shutdown(500)
    client:free()
  end
  if sandbox then sandbox:stop() end
end

-- ---- measuring frames
-- -------------------------------------------------------------------------------

local function print_times(label, times)
  table.sort(times)
  local n = #times
  print(("%-22s %5d frames   p50 %7.3f ms   p99 %7.3f ms   worst %7.3f ms"):format(
    label, n, times[math.floor(n / 2) + 1], times[math.floor(n * 0.99) + 1], times[n]))
end

-- A game can use LÖVE's own loop. This loop also runs at 60 Hz without a display, and measures the
-- frames.
function love.run()
  local arguments = love.arg.parseGameArguments(arg)
  if arguments[1] == "test" then return require "test" end

  love.load(arguments)
  local idle_times, busy_times = { frame = {}, tick = {} }, { frame = {}, tick = {} }
  local began, frame, last = love.timer.getTime(), 0, love.timer.getTime()
  local tick_ms = 0
  local plain_tick = client.tick
  function client:tick(budget) -- replaces the method of this client, to measure it
    local before = love.timer.getTime()
    local result, problem = plain_tick(self, budget)
    tick_ms = (love.timer.getTime() - before) * 1000
    return result, problem
  end

  return function()
    local start = love.timer.getTime()
    love.event.pump()
    for name, a in love.event.poll() do
      if name == "quit" then
        love.quit()
        return a or 1 -- the user quit before the session ended
      end
      if love.handlers[name] then love.handlers[name](a) end
    end
    local row = phase == "idle" and idle_times or busy_times
    love.update(start - last)
    last = start
    if love.graphics and love.graphics.isActive() then
      love.graphics.origin()
      love.graphics.clear()
      love.draw()
      love.graphics.present()
    end
    local finish = love.timer.getTime()
    row.frame[#row.frame + 1] = (finish - start) * 1000
    row.tick[#row.tick + 1] = tick_ms

    if finish - began > 15 then fail("The session does not end within 15 seconds.", "phase " .. phase) end
    if phase == "over" then
      local passed = table.concat(statuses, " ") == "active closed"
      print_times("without traffic: frame", idle_times.frame)
      print_times("                  tick", idle_times.tick)
      print_times("with traffic:    frame", busy_times.frame)
      print_times("                  tick", busy_times.tick)
      print(passed and "the session was started, watched and ended" or "FAILED")
      exit_code = passed and 0 or 1
    end
    if exit_code then
      love.quit()
      return exit_code
    end
    frame = math.max(frame + 1, math.floor((finish - began) * 60))
    love.timer.sleep(math.max(0, began + frame / 60 - finish))
  end
end
