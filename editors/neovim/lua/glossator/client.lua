-- Reaches the language server: the client of a buffer, started when there is none. Knows nothing of commands.

local M = {}

M.name = 'glossator'

---@param message string
---@param level? integer one of vim.log.levels; default: INFO
function M.notify(message, level)
  vim.notify('Glossator: ' .. message, level or vim.log.levels.INFO)
end

--- Why the server cannot be started, or nil.
---@return string?
function M.trouble()
  local config = vim.lsp.config[M.name]
  if not config then
    return 'there is no configuration; is lsp/glossator.lua on the runtimepath?'
  end
  local cmd = config.cmd
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    return ('the program `%s` was not found; install it (`uv tool install glossator`) or name it with '):format(cmd[1])
      .. "vim.lsp.config('glossator', { cmd = { '/path/to/glossator', 'serve' } })"
  end
end

--- Any running client, for what is not about one buffer.
---@return vim.lsp.Client?
function M.any()
  return vim.lsp.get_clients({ name = M.name })[1]
end

--- Calls `ready` with the client that has buffer `bufnr` open, as soon as it is attached. A file type that is not in the
--- configuration is attached as well: the user asked for it.
---@param bufnr integer
---@param ready fun(client: vim.lsp.Client)
function M.with(bufnr, ready)
  local client = vim.lsp.get_clients({ name = M.name, bufnr = bufnr })[1]
  if client and client.initialized then
    return ready(client)
  end
  local trouble = M.trouble()
  if trouble then
    return M.notify(trouble, vim.log.levels.ERROR)
  end
  vim.api.nvim_create_autocmd('LspAttach', {
    buffer = bufnr,
    callback = function(event)
      local attached = vim.lsp.get_client_by_id(event.data.client_id)
      if attached and attached.name == M.name then
        ready(attached)
        return true -- once
      end
    end,
  })
  local config = vim.deepcopy(vim.lsp.config[M.name])
  config.root_dir = config.root_dir or vim.fs.root(bufnr, config.root_markers or {})
  vim.lsp.start(config, { bufnr = bufnr })
end

--- The position of a cursor as the protocol counts.
---@param bufnr integer
---@param cursor integer[] line from 1, byte from 0
---@param encoding string
---@return lsp.Position
function M.position(bufnr, cursor, encoding)
  local line = vim.api.nvim_buf_get_lines(bufnr, cursor[1] - 1, cursor[1], false)[1] or ''
  return {
    line = cursor[1] - 1,
    character = vim.str_utfindex(line, encoding, math.min(cursor[2], #line), false),
  }
end

--- Sends a `workspace/executeCommand`; a failure is shown.
---@param client vim.lsp.Client
---@param command string
---@param arguments table
---@param bufnr? integer
function M.execute(client, command, arguments, bufnr)
  client:request('workspace/executeCommand', { command = command, arguments = arguments }, function(failure)
    if failure then
      M.notify(failure.message, vim.log.levels.ERROR)
    end
  end, bufnr)
end

return M
