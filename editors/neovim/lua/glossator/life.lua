-- What is done when the server ends: what was shown of it goes, and where nobody asked it to end it is started again.

local client = require('glossator.client')

local M = {}

local MOST = 4 -- times within
local WITHIN = 180000 -- milliseconds, as VS Code's client does; what ends again and again is not helped by one more start

local started = {} ---@type integer[] when it was started again, in milliseconds

--- Whether it may be started once more.
local function may()
  local now = vim.uv.now()
  started = vim.tbl_filter(function(when)
    return now - when < WITHIN
  end, started)
  table.insert(started, now)
  return #started <= MOST
end

---@param config vim.lsp.ClientConfig that of the server that ended
---@param buffers integer[] which it had open
local function again(config, buffers)
  if not may() then
    started = {}
    return client.notify(
      ('the server ended %d times within %d minutes and is not started again; '):format(MOST + 1, WITHIN / 60000)
        .. '`glossator logs` says more, `:Glossator explain` tries once more',
      vim.log.levels.ERROR
    )
  end
  for _, bufnr in ipairs(buffers) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      vim.lsp.start(config, { bufnr = bufnr })
    end
  end
  client.notify('the server ended by itself and was started again')
end

--- A server's process ended. Runs outside of Neovim's main loop.
---@param code integer
---@param signal integer 15: somebody asked it to end
---@param id integer its client
local function exited(code, signal, id)
  local ended = vim.lsp.get_client_by_id(id)
  local config, buffers = ended and ended.config, ended and vim.tbl_keys(ended.attached_buffers) or {}
  local was = ended and ended.initialized -- one that cannot even begin would not do so at the next start
  vim.schedule(function()
    require('glossator.jobs').ended(id)
    require('glossator.progress').ended(id)
    local asked = code == 0 and signal == 0 or signal == 15
    if config and was and #buffers > 0 and not asked and vim.v.exiting == vim.NIL then
      vim.schedule(function() -- after Neovim has forgotten the old one
        again(config, buffers)
      end)
    end
  end)
end

--- Beside what the user has set for it.
function M.setup()
  local set = vim.lsp.config[client.name].on_exit
  local every = type(set) == 'table' and set or { set }
  vim.lsp.config(client.name, { on_exit = vim.list_extend({ exited }, every) })
end

return M
