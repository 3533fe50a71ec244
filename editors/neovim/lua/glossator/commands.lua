-- `:Glossator WORD [text]`: which words there are and what each sends to the server.

local client = require('glossator.client')

local M = {}

--- The actions that ship with the server. Actions of the user's own prompt files work too: any word is sent.
local ACTIONS = {
  'explain',
  'explain_more',
  'explain_problem',
  'refactor',
  'fix',
  'document',
  'annotate',
  'simplify',
  'write_tests',
  'find_bugs',
  'ask',
}

--- The selected range (whole lines, or the marks of a characterwise selection), or nil without one.
---@param command table what nvim_create_user_command gives
---@param bufnr integer
---@param encoding string
---@return lsp.Range?
local function range_of(command, bufnr, encoding)
  if command.range == 0 then
    return nil
  end
  local from, to = { command.line1, 0 }, { command.line2, math.huge }
  local mark_from, mark_to = vim.api.nvim_buf_get_mark(bufnr, '<'), vim.api.nvim_buf_get_mark(bufnr, '>')
  if vim.fn.visualmode() == 'v' and mark_from[1] == command.line1 and mark_to[1] == command.line2 then
    from, to = mark_from, { mark_to[1], mark_to[2] }
  end
  local function position(mark, past)
    local line = vim.api.nvim_buf_get_lines(bufnr, mark[1] - 1, mark[1], false)[1] or ''
    local byte = math.min(mark[2], #line)
    if past and byte < #line then -- the end of a selection is the last character's start: one character further
      byte = byte + vim.str_utf_end(line, byte + 1) + 1
    end
    return { line = mark[1] - 1, character = vim.str_utfindex(line, encoding, byte, false) }
  end
  return { start = position(from, false), ['end'] = position(to, true) }
end

--- The diagnostics at the cursor's line or in the range, as the protocol has them.
---@param bufnr integer
---@param first integer line from 0
---@param last integer line from 0
---@return lsp.Diagnostic[]
local function diagnostics_of(bufnr, first, last)
  local found = vim.tbl_filter(function(each)
    return each.lnum <= last and (each.end_lnum or each.lnum) >= first
  end, vim.diagnostic.get(bufnr))
  return vim.lsp.diagnostic.from(found)
end

--- Starts an action on the range, else at the cursor.
---@param action string
---@param text string an instruction or a question; may be empty
---@param command table
local function act(action, text, command)
  local bufnr, window = vim.api.nvim_get_current_buf(), vim.api.nvim_get_current_win()
  local cursor = vim.api.nvim_win_get_cursor(window)
  client.with(bufnr, function(attached)
    local encoding = attached.offset_encoding
    local argument = {
      action = action,
      uri = vim.uri_from_bufnr(bufnr),
      position = client.position(bufnr, cursor, encoding),
      range = range_of(command, bufnr, encoding),
      instruction = text ~= '' and text or nil,
    }
    if action == 'fix' or action == 'explain_problem' then
      local range = argument.range
      local first = range and range.start.line or cursor[1] - 1
      local last = range and range['end'].line or cursor[1] - 1
      local diagnostics = diagnostics_of(bufnr, first, last)
      argument.diagnostics = #diagnostics > 0 and diagnostics or nil
    end
    client.execute(attached, 'glossator.run', { argument }, bufnr)
  end)
end

--- What `glossator/status` says, in a few lines.
---@param status table
---@return string
function M.status_text(status)
  local engine, cache = status.engine or {}, status.cache or {}
  local function given(value, otherwise)
    return (value == nil or value == vim.NIL or value == '') and otherwise or value
  end
  local lines = {
    ('version %s, model %s (%s)'):format(given(status.version, '?'), given(status.model, 'none'), given(status.backend, '?')),
    ('engine %s, %d waiting, %d restarts'):format(
      given(engine.state, 'unknown'),
      given(engine.queued, 0),
      given(engine.restarts, 0)
    ),
    ('%d answers remembered (%.1f MB)'):format(given(cache.entries, 0), given(cache.bytes, 0) / 1e6),
  }
  local failure = given(status.lastError, nil)
  if failure then
    table.insert(lines, 'last error: ' .. tostring(failure))
  end
  return table.concat(lines, '\n')
end

local function status()
  local running = client.any()
  if not running then
    return client.notify(client.trouble() or 'the server is not running; it starts with the first file that it knows')
  end
  running:request('glossator/status', vim.empty_dict(), function(failure, result)
    if failure then
      return client.notify(failure.message, vim.log.levels.ERROR)
    end
    client.notify(M.status_text(result))
  end)
end

local function reasoning()
  local running = vim.lsp.get_clients({ name = client.name, bufnr = 0 })[1] or client.any()
  if not running then
    return client.notify('nothing was asked yet')
  end
  client.execute(running, 'glossator.showReasoning', { vim.empty_dict() })
end

local function stop()
  for _, running in ipairs(vim.lsp.get_clients({ name = client.name })) do
    client.execute(running, 'glossator.stop', { vim.empty_dict() })
  end
end

--- Another of the edits that were found: in the preview where one waits, else in the buffer.
---@param way 'next'|'previous'
local function turn(way)
  if not require('glossator.preview').turn(way) then
    require('glossator.candidates').turn(way)
  end
end

--- The words that are not actions.
local OWN = {
  accept = function()
    require('glossator.preview').decide('accept')
  end,
  reject = function()
    require('glossator.preview').decide('reject')
  end,
  preview = function()
    require('glossator.preview').enter()
  end,
  next = function()
    turn('next')
  end,
  previous = function()
    turn('previous')
  end,
  reasoning = reasoning,
  stop = stop,
  status = status,
}

--- `:Glossator …`
---@param command table what nvim_create_user_command gives
function M.run(command)
  local word, text = command.args:match('^(%S+)%s*(.-)%s*$')
  word = word:gsub('-', '_')
  if OWN[word] then
    OWN[word]()
  elseif word == 'ask' and text == '' then
    vim.ui.input({ prompt = 'Question about this code: ' }, function(question)
      if question and vim.trim(question) ~= '' then
        act(word, vim.trim(question), command)
      end
    end)
  else
    act(word, text, command)
  end
end

--- Completes the first word.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  if line:match('Glossator!?%s+%S+%s') then
    return {}
  end
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, vim.list_extend(vim.tbl_keys(OWN), ACTIONS))
end

return M
