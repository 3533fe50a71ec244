-- Drives a real Neovim and reports what a user would have seen. The judgement is left to the Python tests.

local M = { report = { notes = {}, progress = {} } }

local limit = tonumber(vim.env.TIMEOUT) * 1000

--- Everything that Neovim would have shown as a message.
vim.notify = function(message, level)
  table.insert(M.report.notes, { message = message, level = level or vim.log.levels.INFO })
end

vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event)
    local value = event.data.params.value
    table.insert(M.report.progress, { kind = value.kind, title = value.title, message = value.message })
  end,
})

--- Waits, with the event loop running, until `condition` gives something; fails with `what` after the time limit.
function M.wait(what, condition, milliseconds)
  local found
  local ok = vim.wait(milliseconds or limit, function()
    found = condition()
    return found
  end, 20)
  if not ok then
    error(('waited in vain for %s; so far: %s'):format(what, vim.inspect(M.report)))
  end
  return found
end

--- Configures the server, with the plugin (`plugin`: true) or with nothing but `vim.lsp.config`.
function M.plug(plugin)
  vim.cmd('filetype on')
  if plugin then
    vim.opt.runtimepath:prepend(vim.env.PLUGIN)
    local settings = vim.env.SETTINGS and { glossator = vim.json.decode(vim.env.SETTINGS) } -- as read from a folder
    vim.lsp.config('glossator', { cmd = { vim.env.PROGRAM, 'serve' }, settings = settings })
    vim.cmd('runtime! plugin/glossator.lua')
  else
    vim.lsp.config('glossator', { cmd = { vim.env.PROGRAM, 'serve' }, filetypes = { 'python' }, root_markers = { '.git' } })
    vim.lsp.enable('glossator')
  end
end

--- Opens the file and waits for the server.
function M.open(file, plugin)
  M.plug(plugin)
  vim.cmd.edit(file)
  return M.wait('the server', function()
    local client = vim.lsp.get_clients({ name = 'glossator', bufnr = 0 })[1]
    return client and client.initialized and client
  end)
end

---@param bufnr? integer default: the current one
function M.buffer(bufnr)
  return table.concat(vim.api.nvim_buf_get_lines(bufnr or 0, 0, -1, false), '\n') .. '\n'
end

--- The floating window, or that whose title fits `pattern`.
---@param pattern? string
function M.float(pattern)
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    local config = vim.api.nvim_win_get_config(window)
    local title = type(config.title) == 'table' and config.title[1][1] or ''
    if config.relative ~= '' and title:find(pattern or '') then
      return window
    end
  end
end

--- The text of the floating window whose title fits `pattern`.
---@param pattern string
function M.floating(pattern)
  local window = M.float(pattern)
  return window and M.buffer(vim.api.nvim_win_get_buf(window))
end

--- Hovers until the float's text fits `pattern`: an answer that is not whole yet is whole at a later hover.
function M.hover(line, column, pattern)
  return M.wait('a hover like ' .. pattern, function()
    vim.api.nvim_win_set_cursor(0, { line, column })
    vim.lsp.buf.hover({ silent = true })
    local window
    vim.wait(limit, function()
      window = M.float()
      return window
    end, 20)
    if not window then
      return nil
    end
    local text = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), '\n')
    vim.api.nvim_win_close(window, true)
    M.report.hover = text
    return text:find(pattern) and not text:find('hover again') and text
  end)
end

--- Opens the code action menu at the cursor and picks the entry that fits `pattern`.
function M.pick(line, column, pattern)
  local titles
  vim.ui.select = function(items, options, choose)
    titles = vim.tbl_map(options.format_item, items)
    for _, item in ipairs(items) do
      if options.format_item(item):find(pattern) then
        return choose(item)
      end
    end
    choose(nil)
  end
  vim.api.nvim_win_set_cursor(0, { line, column })
  vim.lsp.buf.code_action()
  M.report.titles = M.wait('the menu', function()
    return titles
  end)
end

--- Runs `main`, writes the report and ends Neovim as a user does.
function M.run(main)
  local ok, failure = xpcall(main, debug.traceback)
  M.report.messages = vim.api.nvim_exec2('messages', { output = true }).output
  M.report.errmsg = vim.v.errmsg
  vim.fn.writefile({ vim.json.encode(M.report) }, vim.env.REPORT)
  if not ok then
    io.stderr:write(failure .. '\n')
    os.exit(1)
  end
  vim.cmd('qall!')
end

return M
