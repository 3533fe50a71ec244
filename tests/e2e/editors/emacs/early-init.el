;;; early-init.el --- What the tests need of Emacs -*- lexical-binding: t; -*-

;;; Commentary:

;; Nothing here changes what a user sees of Glossator.  When Emacs ends it writes what it said to the folder REPORT.

;;; Code:

(setq native-comp-deferred-compilation nil) ; it would take the processors for minutes, in each new home
(setq inhibit-startup-screen t
      suggest-key-bindings nil
      auto-save-default nil
      make-backup-files nil)

(defun report-buffers ()
  "Write the buffers in which Emacs and Eglot keep what happened."
  (let ((coding-system-for-write 'utf-8))
    (dolist (buffer (buffer-list))
      (pcase-dolist (`(,pattern . ,name) '(("\\`\\*Messages\\*" . "messages")
                                           ("\\`\\*Warnings\\*" . "warnings")
                                           ("\\`\\*EGLOT.*events\\*" . "events")
                                           ("\\`\\*EGLOT.*stderr\\*" . "stderr")))
        (when (string-match-p pattern (buffer-name buffer))
          (report-buffer buffer name))))))

(defun report-buffer (buffer name)
  "Append the text of BUFFER to the file NAME."
  (with-current-buffer buffer
    (write-region nil nil (expand-file-name name (getenv "REPORT")) t 'quiet)))

(add-hook 'kill-emacs-hook #'report-buffers)

;;; early-init.el ends here
