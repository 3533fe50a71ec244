-- The program is not there: what does a user see?

local harness = dofile(vim.env.HERE .. '/harness.lua')

harness.run(function()
  harness.plug(true)
  vim.cmd.edit('stats.py')
  vim.wait(300)
  harness.report.silent = #harness.report.notes == 0
  vim.cmd('Glossator explain')
  harness.wait('a message', function()
    return harness.report.notes[1]
  end, 5000)
  vim.cmd('checkhealth glossator')
  harness.report.health = harness.buffer()
end)
