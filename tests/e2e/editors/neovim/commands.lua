-- `:Glossator …`, its completion, the statusline text, the health check.

local harness = dofile(vim.env.HERE .. '/harness.lua')

local function ended(count)
  return function()
    local ends = vim.tbl_filter(function(each)
      return each.kind == 'end'
    end, harness.report.progress)
    return #ends >= count
  end
end

--- Waits for a buffer of an answer that fits `pattern`.
local function shown(pattern)
  return harness.wait('an answer like ' .. pattern, function()
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
      local text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n')
      if vim.api.nvim_buf_get_name(buffer):find('%.md$') and text:find(pattern) then
        return text
      end
    end
  end)
end

harness.run(function()
  harness.open('stats.py', true)
  harness.report.completion = vim.fn.getcompletion('Glossator ', 'cmdline')

  vim.api.nvim_win_set_cursor(0, { 2, 4 })
  vim.cmd('Glossator document')
  harness.wait('the docstring', function()
    return harness.buffer():find('"""')
  end)
  harness.wait('the end of document', ended(1))
  harness.report.buffer = harness.buffer()

  -- The thought shows while the model thinks, and goes when the job is stopped.
  local window = vim.api.nvim_get_current_win()
  vim.cmd('1,3Glossator ask HOLD THIS THOUGHT')
  harness.report.thought = harness.wait('the thought', function()
    local text = harness.floating('thinking')
    return text and text:find('number%.') and text
  end)
  harness.report.stayed = vim.api.nvim_get_current_win() == window
  harness.report.at_work = harness.wait('the progress', function()
    local text = require('glossator.progress').text()
    return text:find('thinking') and text
  end)
  vim.cmd('Glossator stop')
  harness.wait('the end of the stopped job', ended(2))
  harness.wait('the end of the thought', function()
    return not harness.float()
  end)
  harness.report.after_stop = require('glossator.progress').text()

  -- It goes when the answer begins, too; and who wants none sees none.
  local thoughts = {}
  for _, wanted in ipairs({ true, false }) do
    vim.g.glossator_thought = wanted
    local count = #harness.report.progress
    vim.cmd('1,3Glossator ask ' .. (wanted and 'THINK AND ANSWER' or 'THINK, THEN ANSWER'))
    harness.wait('the end of the answer', function()
      if harness.float() and #harness.report.progress > count then
        thoughts[wanted] = harness.report.progress[#harness.report.progress].message:match('^%a+')
      end
      return ended(wanted and 3 or 4)()
    end)
    harness.wait('the end of the thought', function()
      return not harness.float()
    end)
  end
  harness.report.thoughts = { wanted = thoughts[true] or '', unwanted = thoughts[false] or '' }

  vim.cmd('Glossator reasoning')
  harness.report.reasoning = shown('reasoning')

  vim.cmd.buffer('stats.py')
  vim.cmd('Glossator explain')
  harness.report.document = shown(vim.env.ANSWER)
  harness.wait('the end of explain', ended(5))

  -- A file of a language that the server has no grammar for is attached when it is asked about.
  vim.cmd.edit('shopping.txt')
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'flour', 'milk' })
  vim.cmd('%Glossator explain')
  harness.report.other = shown('what to buy')

  local before = #harness.report.notes
  vim.cmd('Glossator status')
  harness.wait('the status', function()
    return #harness.report.notes > before
  end)
  harness.report.status = table.remove(harness.report.notes).message

  vim.cmd('checkhealth glossator')
  harness.report.health = harness.buffer()
end)
