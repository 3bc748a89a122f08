-- The IPlayGames API for LÖVE, and for all else that runs LuaJIT. It only polls: calls start at once and
-- return a request, `client:tick()` once a frame moves them, and `request:poll()` tells what they came to.
-- No callback from C enters Lua (LuaJIT could not survive that in compiled code), and nothing waits.
--
--     local ipg = require "iplaygames"
--     local client = assert(ipg.client { base_url = "https://relay.example" })
--     local request = assert(client:start { game_id = 42, player_id = "p", currency = "EUR",
--                                           country_code = "DE", ip_address = "203.0.113.9" })
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
uint32_t ipg_abi_version(void);
const char *ipg_version(void);
const char *ipg_code_name(int32_t code);
void ipg_string_free(char *text);
int32_t ipg_client_new(const char *config_json, ipg_client **out_client, char **out_json);
int32_t ipg_client_prewarm(ipg_client *client, uint32_t timeout_ms, char **out_json);
int32_t ipg_client_stats(ipg_client *client, char **out_json);
int32_t ipg_client_shutdown(ipg_client *client, uint32_t timeout_ms);
int32_t ipg_client_free(ipg_client *client);
int32_t ipg_submit(ipg_client *client, const char *operation, const char *arguments_json, const char *options_json,
                   ipg_callback callback, void *user_data, ipg_request **out_request, char **out_json);
int32_t ipg_session_watch(ipg_client *client, const char *session_id, uint32_t interval_ms,
                          ipg_callback callback, void *user_data, ipg_request **out_request, char **out_json);
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

local ABI = 1 -- of the declarations above
local OK, PENDING, INVALID_ARGUMENT, INVALID_HANDLE = 0, 1, 100, 101
local NUMBER, STRING, BOOL, NULL = 3, 4, 2, 1

local lib = ffi.load(os.getenv "IPLAYGAMES_LIBRARY" or "iplaygames")
assert(lib.ipg_abi_version() == ABI, "libiplaygames has another version than iplaygames.lua is for")

local ipg = { version = ffi.string(lib.ipg_version()) }

-- ---- texts ------------------------------------------------------------------------------------------

-- Lua's copy of a text that the library handed out, which is freed.
local function take(out, len)
  if out[0] == nil then return nil end
  local text = len and ffi.string(out[0], len) or ffi.string(out[0])
  lib.ipg_string_free(out[0])
  return text
end

-- The value at a JSON pointer as text, and its type.
local function at(json, pointer)
  local kind, value, len = ffi.new "int32_t[1]", ffi.new "char *[1]", ffi.new "size_t[1]"
  if lib.ipg_json_get(json, pointer, kind, value, len) ~= OK then return nil end
  return take(value, len[0]), kind[0]
end

local function value_at(json, pointer)
  local text, kind = at(json, pointer)
  if not text or kind == NULL then return nil end
  if kind == BOOL then return text == "true" end
  if kind == NUMBER then return tonumber(text) end
  return text -- a string, or the JSON of an array or object
end

-- An answer: `answer.json` is the document, `answer:get "/data/status"` a value in it as Lua has it, and
-- `answer:text "/data/balance"` the same with the digits the server wrote, for money.
local Answer = {}
Answer.__index = Answer
function Answer:get(pointer) return value_at(self.json, pointer) end
function Answer:text(pointer) return (at(self.json, pointer)) end
function Answer:__tostring() return self.json end

-- ---- errors -----------------------------------------------------------------------------------------

-- A failure: a table with every field of the error document, see iplaygames.h, and `json`, all of it. `outcome`
-- is what to look at after a start: with "unknown" a session may exist.
local FIELDS = { "code", "name", "message", "operation", "outcome", "retryable", "attempts", "elapsed_ms", "http_status",
                 "request_id", "call_id", "retry_after_ms", "field", "body", "body_text" }
local Error = {}
Error.__index = Error
function Error:__tostring() return ("%s: %s"):format(self.name, self.message) end

local function failure(code, json)
  local error = { code = code, name = ffi.string(lib.ipg_code_name(code)), message = "", json = json }
  if json then
    for _, field in ipairs(FIELDS) do
      local value = value_at(json, "/error/" .. field)
      if value ~= nil then error[field] = value end
    end
  end
  return setmetatable(error, Error)
end

local function mistake(message, field)
  local error = failure(INVALID_ARGUMENT)
  error.message, error.field, error.outcome, error.retryable = message, field, "not_sent", false
  return error
end

-- ---- JSON out of tables -----------------------------------------------------------------------------

local function quote(text)
  local out = ffi.new "char *[1]"
  local code = lib.ipg_json_quote(text, #text, out)
  local json = take(out)
  if code ~= OK then error(failure(code, json), 0) end
  return json
end

local function number(value)
  if value ~= value or value == math.huge or value == -math.huge then
    error(mistake "A number must be finite.", 0)
  end
  if value % 1 == 0 and math.abs(value) < 2 ^ 53 then return ("%.0f"):format(value) end
  local short = ("%.15g"):format(value) -- 0.1 stays 0.1
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

local function encode(value, depth)
  local kind = type(value)
  if kind == "string" then return quote(value) end
  if kind == "number" then return number(value) end
  if kind == "boolean" then return tostring(value) end
  if kind ~= "table" then error(mistake("A " .. kind .. " cannot be sent."), 0) end
  if depth > 64 then error(mistake "The table is nested too deeply, or contains itself.", 0) end
  local parts = {}
  if #value > 0 then
    for i, item in ipairs(value) do parts[i] = encode(item, depth + 1) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(value) do
    if type(key) ~= "string" then error(mistake "The keys of an object must be strings.", 0) end
    parts[#parts + 1] = quote(key) .. ":" .. encode(item, depth + 1)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- A C text ends at its first NUL, and what came after would be lost without a word.
local function whole(text)
  if text:find("\0", 1, true) then error(mistake "The text contains a NUL.", 0) end
  return text
end

-- A table, or JSON text for what a table cannot say (money with its digits, null). nil is no object at all.
local function document(value)
  if value == nil then return nil end
  if type(value) == "string" then return whole(value) end
  return encode(value, 0)
end

-- Calls `work`, which may throw an error of ours: then the answer is nil and it. Other errors pass.
local function attempt(work, ...)
  local good, result, more = pcall(work, ...)
  if good then return result, more end
  if getmetatable(result) == Error then return nil, result end
  error(result, 0)
end

-- ---- handles ----------------------------------------------------------------------------------------

-- A function of C that answers a code and a document; the last argument is where the document goes.
local function call(function_, ...)
  local out = ffi.new "char *[1]"
  local arguments, n = { ... }, select("#", ...)
  arguments[n + 1] = out
  local code = function_(unpack(arguments, 1, n + 1))
  return code, take(out)
end

-- A live handle that Lua's collector frees. The functions of C forget at once, and never wait or call back.
local function own(out, free) return ffi.gc(out[0], free) end

local function release(self, free)
  if not self.handle then return false end
  ffi.gc(self.handle, nil)
  free(self.handle)
  self.handle = nil
  return true
end

-- ---- requests ---------------------------------------------------------------------------------------

local Request = {}
Request.__index = Request

-- "pending"; "news", answer (of a watch, each change once); "done", answer; or "failed", error. The last two as
-- often as asked.
function Request:poll()
  local code, json = call(lib.ipg_request_poll, self.handle)
  if code == PENDING and not json then return "pending" end
  if code == PENDING or code == OK then
    return code == OK and "done" or "news", setmetatable({ json = json }, Answer)
  end
  return "failed", failure(code, json)
end

-- Ends it now: the next poll tells "failed", with the outcome in the error.
function Request:cancel() return lib.ipg_request_cancel(self.handle) == OK end

-- The collector does this too, only later, and requests that are not freed count in `max_in_flight`.
function Request:free() return release(self, lib.ipg_request_free) end

local function submit(client, begin)
  return attempt(function()
    local out = ffi.new "ipg_request *[1]"
    local code, json = begin(out)
    if code ~= OK then return nil, failure(code, json) end
    -- The client is held, so that it is not collected while a request of it is in use.
    return setmetatable({ handle = own(out, lib.ipg_request_free), client = client }, Request)
  end)
end

-- ---- the client -------------------------------------------------------------------------------------

local Client = {}
Client.__index = Client

-- `config` is a table with the keys listed in iplaygames.h. Answers the client, or nil and an error.
function ipg.client(config)
  return attempt(function()
    local out = ffi.new "ipg_client *[1]"
    local code, json = call(lib.ipg_client_new, document(config), out)
    if code ~= OK then return nil, failure(code, json) end
    return setmetatable({ handle = own(out, lib.ipg_client_free) }, Client)
  end)
end

-- Any operation of the API. Answers a request, or nil and an error when nothing was sent.
function Client:call(operation, arguments, options)
  return submit(self, function(out)
    return call(lib.ipg_submit, self.handle, whole(operation), document(arguments), document(options), nil, nil, out)
  end)
end

function Client:start(arguments) return self:call("start_a_game_session", arguments) end
function Client:status(id) return self:call("get_session_status", { session_id = id }) end
function Client:finish(id) return self:call("end_a_game_session", { session_id = id }) end

-- Reads the session's status every so many milliseconds, until it is no longer active.
function Client:watch(id, interval_ms)
  return submit(self, function(out)
    return call(lib.ipg_session_watch, self.handle, whole(id), interval_ms or 1000, nil, nil, out)
  end)
end

-- Once a frame: moves the calls, for about so many microseconds.
function Client:tick(budget_us)
  local code = lib.ipg_client_tick(self.handle, budget_us or 500, nil)
  if code ~= OK then return nil, failure(code) end
  return true
end

-- Blocks, for a loading screen: resolves, connects, loads certificates.
function Client:prewarm(timeout_ms)
  local code, json = call(lib.ipg_client_prewarm, self.handle, timeout_ms or 2000)
  if code ~= OK then return nil, failure(code, json) end
  return true
end

function Client:stats()
  local code, json = call(lib.ipg_client_stats, self.handle)
  if code ~= OK then return nil, failure(code, json) end
  return setmetatable({ json = json }, Answer)
end

-- For love.quit: gives the calls in flight so long, and cancels the rest.
function Client:shutdown(timeout_ms) return lib.ipg_client_shutdown(self.handle, timeout_ms or 0) == OK end

function Client:free() return release(self, lib.ipg_client_free) end

-- ---- the sandbox ------------------------------------------------------------------------------------

local Sandbox = {}
Sandbox.__index = Sandbox

-- The API in this very process, for tests. `sandbox.config` is a client's configuration.
function ipg.sandbox(config)
  return attempt(function()
    local out = ffi.new "ipg_sandbox *[1]"
    local code, json = call(lib.ipg_sandbox_start, document(config), out)
    if code ~= OK then return nil, failure(code, json) end
    local base_url, api_key = value_at(json, "/base_url"), value_at(json, "/api_key")
    local client_config = { base_url = base_url, api_key = api_key }
    return setmetatable({ handle = own(out, lib.ipg_sandbox_stop), config = client_config }, Sandbox)
  end)
end

function Sandbox:control(command)
  return attempt(function()
    local code, json = call(lib.ipg_sandbox_control, self.handle, document(command))
    if code ~= OK then return nil, failure(code, json) end
    return setmetatable({ json = json }, Answer)
  end)
end

function Sandbox:stop() return release(self, lib.ipg_sandbox_stop) end

return ipg
