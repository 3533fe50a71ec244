-- Edits looked at before they are in the file (the setting `preview`): a window with the difference, which takes no focus
-- by itself, follows what is typed, and closes where the edit does not fit the code any more.

local Float = require('glossator.float')
local client = require('glossator.client')

---@class glossator.Offer an edit that waits for the user's word
---@field key string
---@field client integer
---@field job string
---@field uri string
---@field of integer how many there are to choose from
---@field number integer the one that is looked at, from 1
---@field asked integer the one that was asked for last
---@field asks integer how often one was asked for
---@field new boolean it was not shown yet

---@class glossator.Proposal the answer of `glossator/proposal`
---@field title string
---@field number integer
---@field of integer
---@field before string
---@field after string
---@field rungs string[]
---@field note string

local M = {}

local SETTLED = 250 -- milliseconds after the last key

local waiting = {} ---@type glossator.Offer[] the oldest first
local shown ---@type { offer: glossator.Offer, float: glossator.Float }?
local settling = vim.uv.new_timer()

---@param key string
---@return glossator.Offer?, integer?
local function find(key)
  for at, offer in ipairs(waiting) do
    if offer.key == key then
      return offer, at
    end
  end
end

---@param offer glossator.Offer
local function document(offer)
  return vim.uri_to_bufnr(offer.uri)
end

--- The offer whose edit the user sees.
---@return glossator.Offer?
local function seen()
  return shown and shown.float:visible() and shown.offer or nil
end

--- Whether the cursor is in the window.
local function inside()
  return shown ~= nil and vim.api.nvim_get_current_win() == shown.float.window
end

--- What the window shows: the difference, and the checks that the edit passed.
---@param proposal glossator.Proposal
---@return string[]
function M.lines(proposal)
  local diff = vim.text.diff or vim.diff
  local text = diff(proposal.before, proposal.after, { result_type = 'unified', ctxlen = 3 }) --[[@as string]]
  local lines = vim.tbl_map(function(line)
    return (line:gsub('\r$', ''))
  end, vim.split((text:gsub('\n$', '')), '\n'))
  local checks = vim.list_extend({}, proposal.rungs)
  if proposal.note ~= '' then
    table.insert(checks, proposal.note)
  end
  if #checks > 0 then
    table.insert(lines, 'checked: ' .. table.concat(checks, '; '):gsub('%s+', ' '))
  end
  return lines
end

---@param of integer
---@param keys boolean whether they work, since the cursor is in the window
local function footer(of, keys)
  if not keys then
    return (' :Glossator accept | reject%s | preview (go there) '):format(of > 1 and ' | next' or '')
  end
  return (' a accept, r reject%s, q close '):format(of > 1 and ', ]r next, [r previous' or '')
end

local function close()
  settling:stop()
  if not shown then
    return
  end
  local was, looked = shown, inside()
  shown = nil
  was.float:close()
  local window = looked and vim.fn.bufwinid(document(was.offer)) or -1
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  end
end

--- Asks what the edit makes of the document as it is; where it does not fit it, `ready` gets nothing and the user is told.
---@param offer glossator.Offer
---@param number integer
---@param ready fun(proposal?: glossator.Proposal)
local function ask(offer, number, ready)
  local running = vim.lsp.get_client_by_id(offer.client)
  if not running then
    return
  end
  local asked = { job = offer.job, number = number }
  running:request('glossator/proposal', asked, function(failure, proposal)
    if find(offer.key) ~= offer then
      return -- decided meanwhile
    end
    if failure then
      client.notify(failure.message .. '; there is no preview', vim.log.levels.WARN)
    end
    ready(not failure and proposal or nil)
  end, document(offer))
end

---@param proposal glossator.Proposal
local function draw(proposal)
  local float = shown.float
  local which = proposal.of > 1 and (': %d of %d'):format(proposal.number, proposal.of) or ''
  local name = vim.fs.basename(vim.api.nvim_buf_get_name(document(shown.offer)))
  local title = (' %s%s (%s) '):format(proposal.title, which, name)
  float:show(M.lines(proposal), title, footer(proposal.of, inside()))
end

--- The user typed in the document.
local function follow()
  local offer = shown and shown.offer
  if offer then
    ask(offer, offer.number, function(proposal)
      if not (shown and shown.offer == offer) then
        return
      elseif proposal and proposal.number == offer.number then
        draw(proposal)
      elseif not proposal then
        close()
      end
    end)
  end
end

--- Makes the window follow the offer's document until another one is shown.
---@param offer glossator.Offer
local function watch(offer)
  local function typed()
    if not (shown and shown.offer == offer) then
      return true -- no longer
    end
    settling:start(SETTLED, 0, vim.schedule_wrap(follow))
  end
  vim.api.nvim_buf_attach(document(offer), false, { on_lines = typed, on_reload = typed })
end

--- The window and its keys.
---@param offer glossator.Offer
local function open(offer)
  local float = Float.new({ width = 100, height = math.floor(vim.o.lines / 2) - 2, focusable = true, zindex = 45 })
  shown = { offer = offer, float = float }
  vim.bo[float.buffer].syntax = 'diff'
  for key, word in pairs({ a = 'accept', r = 'reject', [']r'] = 'next', ['[r'] = 'previous' }) do
    vim.keymap.set('n', key, ('<Cmd>Glossator %s<CR>'):format(word), { buffer = float.buffer, nowait = true })
  end
  vim.keymap.set('n', 'q', M.close, { buffer = float.buffer, nowait = true, desc = 'Glossator: close the preview' })
  for event, keys in pairs({ WinEnter = true, WinLeave = false }) do
    vim.api.nvim_create_autocmd(event, {
      buffer = float.buffer,
      callback = function()
        if float:open() then
          float:foot(footer(offer.of, keys))
        end
      end,
    })
  end
  watch(offer)
end

--- Shows edit `number` of `offer`, in the place of what is shown; `enter`: the user asked for it and goes there.
---@param offer glossator.Offer
---@param number integer
---@param enter? boolean
local function look(offer, number, enter)
  offer.asked, offer.asks = number, offer.asks + 1
  local mine = offer.asks
  ask(offer, number, function(proposal)
    if offer.asks ~= mine then
      return -- another key was pressed since
    elseif not proposal then
      offer.asked = offer.number
      return
    end
    offer.new, offer.number = false, proposal.number -- what was not shown is not what is accepted
    if not (shown and shown.offer == offer and shown.float:visible()) then
      close()
      open(offer)
    end
    draw(proposal)
    if enter then
      vim.api.nvim_set_current_win(shown.float.window)
    end
  end)
end

--- The last edit that waits, in the document that is edited or anywhere.
---@param here? boolean
---@return glossator.Offer?
local function last(here)
  local bufnr = vim.api.nvim_get_current_buf()
  for at = #waiting, 1, -1 do
    if not here or document(waiting[at]) == bufnr then
      return waiting[at]
    end
  end
end

--- Where what is shown `is` not to be decided on any more, the turn of one that waits behind it has come.
---@param is fun(offer: glossator.Offer): boolean
local function gone(is)
  if shown and is(shown.offer) then
    close()
    for _, offer in ipairs(waiting) do
      if offer.new then
        return look(offer, offer.number)
      end
    end
  end
end

--- Takes what the server says of a job.
---@param job glossator.Job
function M.told(job)
  local offer, at = find(job.key)
  if job.offered and not offer then
    offer = { key = job.key, client = job.client, job = job.job, uri = job.uri, of = job.offers or 1 }
    offer.number, offer.asked, offer.asks, offer.new = 1, 1, 0, true
    table.insert(waiting, offer)
    if seen() and inside() then -- it is being read
      client.notify(job.title .. ': an edit waits behind the one that is shown')
    else
      look(offer, 1)
    end
  elseif at and not job.offered then
    table.remove(waiting, at)
    gone(function(each)
      return each == offer
    end)
  end
end

--- A server ended, and its jobs with it.
---@param id integer
function M.ended(id)
  local function its(offer)
    return offer.client == id
  end
  waiting = vim.tbl_filter(function(offer)
    return not its(offer)
  end, waiting)
  gone(its)
end

--- Moves the cursor into the preview, which is opened where it is not.
function M.enter()
  local offer = seen() or last(true) or last()
  if not offer then
    client.notify('no edit waits for your word')
  elseif seen() then
    vim.api.nvim_set_current_win(shown.float.window)
  else
    look(offer, offer.number, true)
  end
end

--- Closes the window; the edit waits on.
function M.close()
  close()
  client.notify('the edit waits; `:Glossator preview` shows it again')
end

--- Accepts or rejects the edit that is shown, else the last one that waits.
---@param way 'accept'|'reject'
function M.decide(way)
  local offer = seen() or last()
  local running = offer and vim.lsp.get_client_by_id(offer.client)
  if not offer or not running then
    return client.notify('no edit waits for your word')
  end
  local bufnr = document(offer)
  if way == 'accept' then
    vim.fn.bufload(bufnr) -- a document that is not open is not changed
    vim.lsp.buf_attach_client(bufnr, running.id)
  end
  local number = way == 'accept' and offer.number or 0
  client.execute(running, 'glossator.choose', { { job = offer.job, number = number } }, bufnr)
end

--- Shows the next or the previous edit; false where none waits in the document that is edited, nor is shown.
---@param way 'next'|'previous'
---@return boolean
function M.turn(way)
  local offer = seen()
  if not offer or not inside() and document(offer) ~= vim.api.nvim_get_current_buf() then
    offer = last(true)
  end
  if not offer then
    return false
  elseif offer ~= seen() then
    look(offer, offer.number)
  elseif offer.of == 1 then
    client.notify('there is no other edit to choose from')
  else
    look(offer, (offer.asked - 1 + (way == 'next' and 1 or -1)) % offer.of + 1)
  end
  return true
end

return M
