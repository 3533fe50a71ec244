;;; lint.el --- Compile the files of the command line and check their documentation -*- lexical-binding: t; -*-

;;; Commentary:

;; Whatever is wrong is printed, one line each.

;;; Code:

(require 'bytecomp)
(require 'checkdoc)

(setq byte-compile-dest-file-function (lambda (_file) (make-temp-file "lint" nil ".elc"))
      checkdoc-create-error-function
      (lambda (text start _end &optional _unfixable)
        (message "%s:%d: %s" (buffer-name) (line-number-at-pos start) text)
        nil))

(dolist (file command-line-args-left)
  (byte-compile-file file)
  (with-current-buffer (find-file-noselect file)
    (checkdoc-current-buffer t)))
(setq command-line-args-left nil)

;;; lint.el ends here
