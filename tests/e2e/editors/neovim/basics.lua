-- Hover, menu and an edit. PLUGIN_USED=no: with nothing but vim.lsp.config.

local harness = dofile(vim.env.HERE .. '/harness.lua')

harness.run(function()
  harness.open('stats.py', vim.env.PLUGIN_USED ~= 'no')
  harness.hover(1, 5, vim.env.HOVER)
  local before = harness.buffer()
  harness.pick(1, 5, vim.env.ENTRY)
  harness.wait('an edit', function()
    return harness.buffer() ~= before
  end)
  harness.report.buffer = harness.buffer()
  harness.wait('the end of the progress', function()
    local last = harness.report.progress[#harness.report.progress]
    return last and last.kind == 'end'
  end, 5000)
  vim.cmd('silent undo')
  harness.report.undone = harness.buffer() == before
end)
