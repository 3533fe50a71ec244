-- The server's process is killed while an answer is on its way and an edit waits.

local harness = dofile(vim.env.HERE .. '/harness.lua')

local function server()
  for _, pid in ipairs(vim.api.nvim_get_proc_children(vim.uv.os_getpid())) do
    local process = vim.api.nvim_get_proc(pid)
    if process and not process.name:find('nvim') then
      return pid
    end
  end
end

harness.run(function()
  vim.lsp.config('glossator', { init_options = { preview = true } })
  local first = harness.open('stats.py', true)
  vim.api.nvim_win_set_cursor(0, { 2, 4 })
  vim.cmd('Glossator document')
  harness.wait('the preview', function()
    return harness.float('documentation')
  end)
  vim.cmd('1,3Glossator ask HOLD THIS THOUGHT')
  harness.wait('the thought', function()
    return harness.float('thinking')
  end)
  harness.report.before = harness.buffer()
  vim.uv.kill(server(), 'sigkill')
  local second = harness.wait('the next server', function()
    local client = vim.lsp.get_clients({ name = 'glossator', bufnr = 0 })[1]
    return client and client.id ~= first.id and client.initialized and client
  end)
  harness.report.floats = harness.float() ~= nil
  harness.report.progress_text = require('glossator.progress').text()
  harness.hover(1, 5, vim.env.HOVER)
  harness.report.after = harness.buffer()

  -- One that ends again and again is left alone.
  local exited = vim.lsp.config.glossator.on_exit[1]
  for _ = 1, 4 do
    exited(1, 0, second.id)
  end
  harness.wait('the last word', function()
    local note = harness.report.notes[#harness.report.notes]
    return note.level == vim.log.levels.ERROR
  end)
  harness.report.said = harness.report.notes
end)
