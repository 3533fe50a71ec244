-- Of several repairs that were found one is in the buffer; this shows which, and leads to the next and the previous one.

local client = require('glossator.client')

local M = {}

local last ---@type { job: string, said: string }?

--- Which one is in the buffer and what comes next, for a statusline; empty where there is nothing to choose from.
---@return string
function M.text()
  return last and last.said or ''
end

--- One line, never longer than the screen: a longer message would ask for a key press.
---@param text string
local function echo(text)
  text = text:gsub('%s+', ' ')
  vim.api.nvim_echo({ { vim.fn.strcharpart(text, 0, math.max(vim.o.columns - 15, 20)) } }, false, {})
end

--- Takes what the server says of a job.
---@param job { job: string, state: string, candidates?: integer, said?: string, note?: string }
function M.told(job)
  if job.said then
    local new = not last or last.job ~= job.job or last.said ~= job.said
    last = { job = job.job, said = job.said }
    if new then
      echo(job.said)
    end
    return
  end
  if last and last.job == job.job then
    last = nil
  end
  if job.note and job.state == 'done' and not job.candidates then
    echo('Glossator: ' .. job.note)
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

--- Follows the server's jobs: then it shows no message of its own about this.
function M.setup()
  vim.lsp.config(client.name, {
    init_options = { jobs = true },
    handlers = {
      ['glossator/job'] = function(_, job)
        M.told(job)
      end,
    },
  })
  for _, way in ipairs({ 'next', 'previous' }) do
    vim.keymap.set('n', ('<Plug>(glossator-%s)'):format(way), function()
      M.turn(way)
    end, { desc = ('Glossator: the %s repair that was found'):format(way) })
  end
end

return M
