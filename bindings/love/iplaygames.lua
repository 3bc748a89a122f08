-- The IPlayGames API for LÖVE and other programs that run LuaJIT. The module is one file, so that
-- it can be copied. It uses polling: a call
-- returns a request immediately, `client:tick()` once a frame drives all requests, and
-- `request:poll()` returns the result. C calls no Lua function, except those of a transport of the
-- program. Only `client:prewarm()` and `client:shutdown()` block.
--
-- A function that can fail returns nil and an error. An error is a table with the fields of the
-- error document; see iplaygames.h.
--
--     local ipg = require "iplaygames"
--     local client = assert(ipg.client { base_url = "https://relay.example" })
--     local request = assert(client:session_start { game_id = 42, player_id = "p", currency = "EUR",
--                                                   country_code = "DE", ip_address = "203.0.113.9" })
--     -- in love.update:
--     client:tick()
--     local state, value = request:poll()
--     if state == "done" then open(value:get "/data/game_url")
--     elseif state == "failed" then print(value.name, value.message, value.outcome) end

local ffi = require "ffi"

ffi.cdef [[
typedef struct ipg_client ipg_client;
typedef struct ipg_request ipg_request;
typedef struct ipg_sandbox ipg_sandbox;
typedef void (*ipg_callback)(void *, ipg_request *, int32_t, const char *);
typedef void (*ipg_finalizer)(void *);
typedef struct ipg_exchange ipg_exchange;
typedef void (*ipg_transport_send)(void *, ipg_exchange *, const char *, const char *, const char *, const void *, size_t);
typedef void (*ipg_transport_cancel)(void *, ipg_exchange *);
typedef struct {
  size_t size;
  void *user_data;
  ipg_finalizer finalizer;
  ipg_transport_send send;
  ipg_transport_cancel cancel;
} ipg_transport;
uint32_t ipg_abi_version(void);
const char *ipg_version(void);
const char *ipg_code_name(int32_t code);
void ipg_string_free(char *text);
int32_t ipg_client_new(const char *config_json, ipg_client **out_client, char **out_json);
int32_t ipg_client_new_with_transport(const char *config_json, const ipg_transport *transport,
                                      ipg_client **out_client, char **out_json);
int32_t ipg_exchange_respond(ipg_exchange *exchange, uint32_t status, const char *headers, const void *body,
                             size_t body_len);
int32_t ipg_exchange_fail(ipg_exchange *exchange, int32_t kind, int32_t sent, const char *message);
int32_t ipg_client_prewarm(ipg_client *client, uint32_t timeout_ms, char **out_json);
int32_t ipg_client_stats(ipg_client *client, char **out_json);
int32_t ipg_client_shutdown(ipg_client *client, uint32_t timeout_ms);
int32_t ipg_client_free(ipg_client *client);
int32_t ipg_submit(ipg_client *client, const char *operation, const char *arguments_json, const char *options_json,
                   ipg_callback callback, void *user_data, ipg_finalizer finalizer, ipg_request **out_request,
                   char **out_json);
int32_t ipg_session_watch(ipg_client *client, const char *session_id, uint32_t interval_ms,
                          ipg_callback callback, void *user_data, ipg_finalizer finalizer,
                          ipg_request **out_request, char **out_json);
int32_t ipg_client_submit_prewarm(ipg_client *client, uint32_t timeout_ms, ipg_callback callback, void *user_data,
                                  ipg_finalizer finalizer, ipg_request **out_request, char **out_json);
int32_t ipg_client_suspend(ipg_client *client);
int32_t ipg_client_resume(ipg_client *client);
int32_t ipg_client_tick(ipg_client *client, uint32_t budget_us, uint32_t *out_completed);
int32_t ipg_request_poll(ipg_request *request, char **out_json);
int32_t ipg_request_cancel(ipg_request *request);
int32_t ipg_request_free(ipg_request *request);
int32_t ipg_json_get(const char *json, const char *pointer, int32_t *out_type, char **out_value, size_t *out_len);
int32_t ipg_json_quote(const char *text, size_t len, char **out_json);
int32_t ipg_sandbox_start(const char *config_json, ipg_sandbox **out_sandbox, char **out_json);
int32_t ipg_sandbox_control(ipg_sandbox *sandbox, const char *command_json, char **out_json);
int32_t ipg_sandbox_stop(ipg_sandbox *sandbox);
]]

local ABI_VERSION = 2 -- the ABI version of the declarations above
local OK, PENDING, INVALID_ARGUMENT = 0, 1, 100
local JSON_NULL, JSON_BOOL, JSON_NUMBER = 1, 2, 3

local lib = ffi.load(os.getenv "IPLAYGAMES_LIBRARY" or "iplaygames")
if lib.ipg_abi_version() ~= ABI_VERSION then
  error(("The library iplaygames has ABI version %d, but iplaygames.lua needs %d. Install the library of the "
    .. "same release."):format(lib.ipg_abi_version(), ABI_VERSION))
end

local ipg = { version = ffi.string(lib.ipg_version()) }

-- ---- strings
-- ----------------------------------------------------------------------------------------

-- Copies a string that the library returned, and frees it.
local function take_string(out, len)
  if out[0] == nil then return nil end
  local text = len and ffi.string(out[0], len) or ffi.string(out[0])
  lib.ipg_string_free(out[0])
  return text
end

-- Returns the value at a JSON pointer as text, and its type.
local function get_text(json, pointer)
  local json_type, value, len = ffi.new "int32_t[1]", ffi.new "char *[1]", ffi.new "size_t[1]"
  if lib.ipg_json_get(json, pointer, json_type, value, len) ~= OK then return nil end
  return take_string(value, len[0]), json_type[0]
end

-- Returns the value at a JSON pointer as a Lua value; an array or an object as JSON text.
local function get_value(json, pointer)
  local text, json_type = get_text(json, pointer)
  if not text or json_type == JSON_NULL then return nil end
  if json_type == JSON_BOOL then return text == "true" end
  if json_type == JSON_NUMBER then return tonumber(text) end
  return text
end

-- A response of the API. `reply.json` is the document. `reply:get "/data/status"` returns a value
-- as a Lua value; `reply:text "/data/balance"` returns it as text with the digits of the server,
-- for money.
local Reply = {}
Reply.__index = Reply
function Reply:get(pointer) return get_value(self.json, pointer) end
function Reply:text(pointer) return (get_text(self.json, pointer)) end
function Reply:__tostring() return self.json end

-- ---- errors
-- -----------------------------------------------------------------------------------------

-- An error: a table with the fields of the error document, and the document itself in `json`. If a
-- start fails with the outcome "unknown", a session may exist.
local FIELDS = { "code", "name", "message", "operation", "outcome", "retryable", "attempts", "elapsed_ms", "http_status",
                 "request_id", "call_id", "retry_after_ms", "field", "body", "body_text" }
local Error = {}
Error.__index = Error
function Error:__tostring() return ("%s: %s"):format(self.name, self.message) end

local function new_error(code, json)
  local error = { code = code, name = ffi.string(lib.ipg_code_name(code)), message = "", json = json }
  if json then
    for _, field in ipairs(FIELDS) do
      local value = get_value(json, "/error/" .. field)
      if value ~= nil then error[field] = value end
    end
  end
  return setmetatable(error, Error)
end

-- Creates the error of an argument that this module rejects.
local function invalid_argument(message)
  local error = new_error(INVALID_ARGUMENT)
  error.message, error.outcome, error.retryable = message, "not_sent", false
  return error
end

-- ---- JSON from tables
-- -------------------------------------------------------------------------------

local function encode_string(text)
  local out = ffi.new "char *[1]"
  local code = lib.ipg_json_quote(text, #text, out)
  local json = take_string(out)
  if code ~= OK then error(new_error(code, json), 0) end
  return json
end

local function encode_number(value)
  if value ~= value or value == math.huge or value == -math.huge then
    error(invalid_argument "A number must be finite, but this number is infinite or NaN.", 0)
  end
  if value % 1 == 0 and math.abs(value) < 2 ^ 53 then return ("%.0f"):format(value) end
  local short = ("%.15g"):format(value) -- 15 digits represent 0.1 as 0.1
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

local function encode(value, depth)
  local lua_type = type(value)
  if lua_type == "string" then return encode_string(value) end
  if lua_type == "number" then return encode_number(value) end
  if lua_type == "boolean" then return tostring(value) end
  if lua_type ~= "table" then
    error(invalid_argument("A value of type " .. lua_type .. " cannot be converted to JSON."), 0)
  end
  if depth > 64 then error(invalid_argument "The table is nested more than 64 levels deep, or contains itself.", 0) end
  local parts = {}
  if #value > 0 then
    for i, item in ipairs(value) do parts[i] = encode(item, depth + 1) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(value) do
    if type(key) ~= "string" then
      error(invalid_argument("The keys of an object must be strings, but one is a " .. type(key) .. "."), 0)
    end
    parts[#parts + 1] = encode_string(key) .. ":" .. encode(item, depth + 1)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- Returns the text if C can take it. C would truncate a text at its first NUL.
local function check_no_nul(text)
  local nul = text:find("\0", 1, true)
  if nul then error(invalid_argument("The text contains a NUL at position " .. nul .. "."), 0) end
  return text
end

-- Returns the JSON of a table. Text is returned unchanged: it can contain null, and money with its
-- digits. nil means no object.
local function to_json(value)
  if value == nil then return nil end
  if type(value) == "string" then return check_no_nul(value) end
  return encode(value, 0)
end

-- Calls a function. If it raises an error of this module, returns nil and the error; raises other
-- errors again.
local function try(body)
  local ok, result, problem = pcall(body)
  if ok then return result, problem end
  if getmetatable(result) == Error then return nil, result end
  error(result, 0)
end

-- ---- handles
-- ----------------------------------------------------------------------------------------

-- Calls a C function whose last parameter returns a document. Returns the code and the document.
local function call_c(c_function, ...)
  local out = ffi.new "char *[1]"
  local arguments, n = { ... }, select("#", ...)
  arguments[n + 1] = out
  local code = c_function(unpack(arguments, 1, n + 1))
  return code, take_string(out)
end

-- Returns a handle that the garbage collector frees. The C functions that free handles never block.
local function own_handle(out, free) return ffi.gc(out[0], free) end

-- Frees the handle of an object. Returns false if it was already freed.
local function free_handle(self, free)
  if not self.handle then return false end
  ffi.gc(self.handle, nil)
  free(self.handle)
  self.handle = nil
  return true
end

-- ---- requests
-- ---------------------------------------------------------------------------------------

local Request = {}
Request.__index = Request

-- Returns "pending" while there is no result; "update" and a reply for each change of a watch;
-- "failing" and the error after several readings of a watch failed, which goes on;
-- "done" and the reply at the end; or "failed" and the error. The last two are returned by every
-- later call too.
function Request:poll()
  local code, json = call_c(lib.ipg_request_poll, self.handle)
  if code == PENDING and not json then return "pending" end
  if code == PENDING or code == OK then
    local reply = setmetatable({ json = json }, Reply)
    local error_code = code == PENDING and reply:get "/success" == false and reply:get "/error/code"
    if error_code then return "failing", new_error(error_code, json) end
    return code == OK and "done" or "update", reply
  end
  return "failed", new_error(code, json)
end

-- Cancels the call immediately: the next poll returns "failed" with an error that has the outcome.
function Request:cancel() return lib.ipg_request_cancel(self.handle) == OK end

-- Frees the request. The garbage collector does it too, but later; requests count in
-- `max_in_flight` until then.
function Request:free() return free_handle(self, lib.ipg_request_free) end

local function submit(client, submit_c)
  return try(function()
    local out = ffi.new "ipg_request *[1]"
    local code, json = submit_c(out)
    if code ~= OK then return nil, new_error(code, json) end
    -- The reference keeps the client alive while the request is in use.
    return setmetatable({ handle = own_handle(out, lib.ipg_request_free), client = client }, Request)
  end)
end

-- ---- transports of the program
-- -----------------------------------------------------------------------

-- A request that a transport sends: `method`, `url`, `headers` (a table from name to value, with
-- the API key), and `body` (nil for none). It is answered once, with `respond` or `fail`, inside or
-- after `send`.
local Exchange = {}
Exchange.__index = Exchange

local FAILURES = { IPG_ERR_RESOLVE = 200, IPG_ERR_CONNECT = 201, IPG_ERR_TLS = 202, IPG_ERR_TIMEOUT = 203,
                   IPG_ERR_CONNECTION_LOST = 205, IPG_ERR_BAD_RESPONSE = 206 }

-- The transports of the clients that are not freed, by the numbers that C holds.
local transports, last_transport = {}, 0

-- Ends an exchange. Returns its handle, or nil if it was answered before or its call has ended.
local function end_exchange(exchange)
  local handle = exchange.handle
  if handle then exchange.transport.exchanges[exchange.key], exchange.handle = nil, nil end
  return handle
end

-- C would truncate a text at its first NUL, and a line break would begin another header.
local function one_line(text) return (tostring(text):gsub("[%z\r\n]", " ")) end

-- Answers that there is no response. `kind` is the name of a code, such as "IPG_ERR_CONNECT". Pass
-- false for `sent` only if it is certain that no byte of the request was sent. Returns false if the
-- exchange was answered before or its call has ended.
function Exchange:fail(kind, sent, message)
  local code = FAILURES[kind]
  if not code then error("An exchange cannot fail with " .. tostring(kind) .. ". Use a name such as IPG_ERR_CONNECT.", 2) end
  local handle = end_exchange(self)
  if not handle then return false end
  local sent_flag = sent == false and 0 or 1
  local result = lib.ipg_exchange_fail(handle, code, sent_flag, message and one_line(message))
  if result == INVALID_ARGUMENT then result = lib.ipg_exchange_fail(handle, code, sent_flag, nil) end -- it is not UTF-8
  return result == OK
end

-- Answers with a complete response: the status, a table of headers from name to value, and the
-- body. A response that is not valid becomes a failure with IPG_ERR_BAD_RESPONSE. Returns false if
-- the exchange was answered before or its call has ended.
function Exchange:respond(status, headers, body)
  local lines = {}
  for name, value in pairs(headers or {}) do lines[#lines + 1] = one_line(name) .. ": " .. one_line(value) .. "\r\n" end
  if type(status) ~= "number" or not (status >= 200 and status <= 599) then
    return self:fail("IPG_ERR_BAD_RESPONSE", true, "The status is " .. tostring(status) .. ", which is not between 200 and 599.")
  end
  local handle = end_exchange(self)
  if not handle then return false end
  body = body or ""
  local code = lib.ipg_exchange_respond(handle, status, table.concat(lines), body, #body)
  if code == INVALID_ARGUMENT then -- the exchange is still open
    code = lib.ipg_exchange_fail(handle, FAILURES.IPG_ERR_BAD_RESPONSE, 1, "The headers of the response are not valid.")
  end
  return code == OK
end

local function number_of(pointer) return tonumber(ffi.cast("uintptr_t", pointer)) end

-- A handle may be larger than the integers of a Lua number.
local function key_of(handle) return tostring(ffi.cast("uintptr_t", handle)) end

local function send_exchange(user_data, handle, method, url, header_lines, body, body_len)
  local transport = transports[number_of(user_data)]
  local headers = {}
  for name, value in ffi.string(header_lines):gmatch "([^:\r\n]+): *([^\r\n]*)" do headers[name] = value end
  local exchange = setmetatable({
    transport = transport, handle = handle, key = key_of(handle), method = ffi.string(method), url = ffi.string(url),
    headers = headers, body = body ~= nil and ffi.string(body, tonumber(body_len)) or nil,
  }, Exchange)
  transport.exchanges[exchange.key] = exchange
  local ok, problem = pcall(transport.send, exchange)
  if ok then return end
  local is_text, message = pcall(tostring, problem) -- __tostring may raise an error
  -- A part of the request may have been sent.
  exchange:fail("IPG_ERR_CONNECTION_LOST", true, "The transport raised an error: " .. (is_text and message or "?"))
end

local function cancel_exchange(user_data, handle)
  local transport = transports[number_of(user_data)]
  local exchange = transport.exchanges[key_of(handle)]
  if not exchange then return end
  end_exchange(exchange)
  if transport.cancel then transport.cancel(exchange) end
end

-- LuaJIT has few callbacks, so all transports share these. They are created once and never freed.
local shared_callbacks

local function callbacks()
  -- An error must not pass through C.
  shared_callbacks = shared_callbacks or {
    send = ffi.cast("ipg_transport_send", function(...)
      local _, handle = ...
      if not pcall(send_exchange, ...) then lib.ipg_exchange_fail(handle, FAILURES.IPG_ERR_CONNECTION_LOST, 1, nil) end
    end),
    cancel = ffi.cast("ipg_transport_cancel", function(...) pcall(cancel_exchange, ...) end),
    finalizer = ffi.cast("ipg_finalizer", function(user_data) transports[number_of(user_data)] = nil end),
  }
  return shared_callbacks
end

local function new_client_with_transport(config_json, transport, out)
  if type(transport) ~= "table" or type(transport.send) ~= "function" then
    error(invalid_argument "A transport must be a table with a function `send`.", 0)
  end
  last_transport = last_transport + 1
  transports[last_transport] = { send = transport.send, cancel = transport.cancel, exchanges = {} }
  local c = callbacks()
  local table_of_c = ffi.new("ipg_transport", ffi.sizeof "ipg_transport", ffi.cast("void *", ffi.cast("uintptr_t", last_transport)),
                             c.finalizer, c.send, c.cancel)
  return call_c(lib.ipg_client_new_with_transport, config_json, table_of_c, out) -- a failure calls the finalizer
end

-- ---- the client
-- -------------------------------------------------------------------------------------

local Client = {}
Client.__index = Client

-- Creates a client. `config` is a table; iplaygames.h lists its keys. Returns the client, or nil
-- and an error.
--
-- `transport` is optional: a table whose function `send(exchange)` starts to send a request with
-- another HTTP library and returns at once. Its optional function `cancel(exchange)` aborts a
-- request whose call has ended. Both run inside `tick`, `prewarm`, `shutdown` and `free`, or in the
-- garbage collector, and cannot yield. An error of `send` is a failure that counts as sent. The
-- functions stay referenced until the client is freed, so a transport that refers to its client
-- needs `client:free()`.
function ipg.client(config, transport)
  return try(function()
    local out = ffi.new "ipg_client *[1]"
    local code, json
    if transport == nil then
      code, json = call_c(lib.ipg_client_new, to_json(config), out)
    else
      code, json = new_client_with_transport(to_json(config), transport, out)
    end
    if code ~= OK then return nil, new_error(code, json) end
    return setmetatable({ handle = own_handle(out, lib.ipg_client_free) }, Client)
  end)
end

-- Submits a call of any operation. Returns a request, or nil and an error if the call was not sent.
function Client:call(operation, arguments, options)
  return submit(self, function(out)
    return call_c(lib.ipg_submit, self.handle, check_no_nul(operation), to_json(arguments), to_json(options), nil, nil, nil, out)
  end)
end

function Client:session_start(arguments) return self:call("start_a_game_session", arguments) end
function Client:session_status(id) return self:call("get_session_status", { session_id = id }) end
function Client:session_end(id) return self:call("end_a_game_session", { session_id = id }) end

-- Reads the status of a session at an interval until it is no longer active. Returns a request
-- whose poll returns each change. After three failed readings in a row, poll returns "failing" and
-- the error once, and the watch goes on.
function Client:session_watch(id, interval_ms)
  return submit(self, function(out)
    return call_c(lib.ipg_session_watch, self.handle, check_no_nul(id), interval_ms or 1000, nil, nil, nil, out)
  end)
end

-- Makes progress on the calls without waiting, for about `budget_us` microseconds. Call it once a
-- frame.
function Client:tick(budget_us)
  local code = lib.ipg_client_tick(self.handle, budget_us or 500, nil)
  if code ~= OK then return nil, new_error(code) end
  return true
end

-- Resolves, connects and loads certificates before the first call needs them. Blocks; call it on a
-- loading screen.
function Client:prewarm(timeout_ms)
  local code, json = call_c(lib.ipg_client_prewarm, self.handle, timeout_ms or 2000)
  if code ~= OK then return nil, new_error(code, json) end
  return true
end

-- Returns a reply with counts of the client's calls and connections.
function Client:stats()
  local code, json = call_c(lib.ipg_client_stats, self.handle)
  if code ~= OK then return nil, new_error(code, json) end
  return setmetatable({ json = json }, Reply)
end

-- Prewarms without blocking. Returns a request.
function Client:submit_prewarm(timeout_ms)
  return submit(self, function(out)
    return call_c(lib.ipg_client_submit_prewarm, self.handle, timeout_ms or 2000, nil, nil, nil, out)
  end)
end

-- Tells the client that the application is suspended, until `resume`: no time counts towards
-- timeouts, and `tick` makes no progress. After `resume`, calls use new connections.
function Client:suspend() return lib.ipg_client_suspend(self.handle) == OK end
function Client:resume() return lib.ipg_client_resume(self.handle) == OK end

-- Refuses new calls, drives those in flight until the timeout, and cancels the rest. Blocks; call
-- it in love.quit.
function Client:shutdown(timeout_ms) return lib.ipg_client_shutdown(self.handle, timeout_ms or 0) == OK end

-- Frees the client. The garbage collector does it too, but later.
function Client:free() return free_handle(self, lib.ipg_client_free) end

-- LuaJIT must not compile a function that calls C if C may call Lua: a callback inside compiled
-- code ends the process. C calls the functions of a transport inside these.
for _, calls_lua in ipairs { call_c, free_handle, Request.cancel, Client.tick, Client.shutdown, Client.suspend, Client.resume } do
  jit.off(calls_lua)
end

-- ---- the sandbox
-- ------------------------------------------------------------------------------------

local Sandbox = {}
Sandbox.__index = Sandbox

-- Starts a server that runs the API in this process, for tests. `sandbox.config` is the
-- configuration of a client.
function ipg.sandbox(config)
  return try(function()
    local out = ffi.new "ipg_sandbox *[1]"
    local code, json = call_c(lib.ipg_sandbox_start, to_json(config), out)
    if code ~= OK then return nil, new_error(code, json) end
    local base_url, api_key = get_value(json, "/base_url"), get_value(json, "/api_key")
    local client_config = { base_url = base_url, api_key = api_key }
    return setmetatable({ handle = own_handle(out, lib.ipg_sandbox_stop), config = client_config }, Sandbox)
  end)
end

-- Runs a command of the sandbox, such as setting faults, moving its clock, or reading its counts.
function Sandbox:control(command)
  return try(function()
    local code, json = call_c(lib.ipg_sandbox_control, self.handle, to_json(command))
    if code ~= OK then return nil, new_error(code, json) end
    return setmetatable({ json = json }, Reply)
  end)
end

-- Stops the sandbox. Returns false if it was already stopped.
function Sandbox:stop() return free_handle(self, lib.ipg_sandbox_stop) end

return ipg
