-- Of several repairs that were found one is in the buffer; this shows which, and leads to the next and the previous one.

local client = require('glossator.client')
local message = require('glossator.message')

local M = {}

local last ---@type { key: string, said: string }?

--- Which one is in the buffer and what comes next, for a statusline; empty where there is nothing to choose from.
---@return string
function M.text()
  return last and last.said or ''
end

--- Takes what the server says of a job.
---@param job glossator.Job
function M.told(job)
  if job.said and job.candidates then
    local new = not last or last.key ~= job.key or last.said ~= job.said
    last = { key = job.key, said = job.said }
    if new then
      message.line(job.said)
    end
    return
  end
  if last and last.key == job.key then
    last = nil
  end
  if job.note and job.state == 'done' and not job.candidates and not job.offered then
    message.line('Glossator: ' .. job.note)
  end
end

--- A server ended, and its jobs with it.
---@param id integer
function M.ended(id)
  if last and vim.startswith(last.key, id .. '/') then
    last = nil
  end
end

--- Puts the next or the previous one in the place of the one in the buffer: of what was found for the definition at the
--- cursor, else of what was repaired last in this buffer.
---@param way 'next'|'previous'
function M.turn(way)
  local bufnr = vim.api.nvim_get_current_buf()
  local running = vim.lsp.get_clients({ name = client.name, bufnr = bufnr })[1] or client.any()
  if not running then
    return client.notify('nothing was repaired yet')
  end
  local argument = {
    uri = vim.uri_from_bufnr(bufnr),
    position = client.position(bufnr, vim.api.nvim_win_get_cursor(0), running.offset_encoding),
  }
  client.execute(running, 'glossator.' .. way, { argument }, bufnr)
end

return M
