;;; glossator.el --- Explain and edit code with a local model, by Eglot -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1") (eglot "1.9"))
;; Keywords: languages, tools
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Starts `glossator serve' with Eglot and runs its actions on the region, or on the definition at point:
;;
;;   (require 'glossator)
;;   M-x glossator        start the server in this buffer
;;   M-x glossator-explain, glossator-fix, glossator-document, glossator-ask ...
;;   M-x glossator-next, glossator-previous   another of the repairs that were found
;;   M-x glossator-stop   stop all that it works on
;;
;; Eglot has one server for each major mode of a project: where another one runs, it is Glossator or that one.
;; Explanations also show where Eglot shows hovers (eldoc), and actions under `eglot-code-actions'.
;;
;; To have Eglot start it by itself:
;;
;;   (add-to-list 'eglot-server-programs '(python-mode glossator-server "glossator" "serve"))

;;; Code:

(require 'cl-lib)
(require 'eglot)
(require 'jsonrpc)

(defgroup glossator nil
  "Explain and edit code with a local model."
  :group 'tools)

(defcustom glossator-program "glossator"
  "The program that is started, a name on the PATH or a path.
Not taken from a file or a directory."
  :type 'string
  :risky t)

(defcustom glossator-settings '(:hover (:waitMs 5000))
  "Settings of the server, in the names of its README, as a property list.
They come before those of config.toml.  Eglot does not wait for a hover
and gives up after ten seconds, so that one may take five.
Not taken from a file or a directory."
  :type 'plist
  :risky t)

(defcustom glossator-confirm-edits nil
  "Whether you are asked before an edit is applied.
By default it is applied at once, and `undo' takes it back."
  :type 'boolean)

;;;###autoload
(defun glossator ()
  "Start Glossator's language server for this buffer's major mode."
  (interactive)
  (let ((eglot-server-programs (list (list major-mode 'glossator-server glossator-program "serve"))))
    (call-interactively #'eglot)))

;;; The server, and what Eglot 1.9 does not show of it

(defclass glossator-server (eglot-lsp-server)
  ((own-progress :initform nil :documentation "Whether this Eglot leaves progress to us.")
   (work :initform nil :documentation "Progress token -> what is worked on."))
  :documentation "A server of Glossator's.")

(cl-defmethod eglot-initialization-options ((_server glossator-server))
  "The user's settings."
  (or glossator-settings (make-hash-table)))

(cl-defmethod eglot-client-capabilities ((server glossator-server))
  "What SERVER may count on: Eglot's own, progress and documents."
  (let* ((all (cl-call-next-method))
         (window (plist-get all :window)))
    (unless (plist-get window :workDoneProgress)
      (setf (slot-value server 'own-progress) t)
      (setq window (plist-put window :workDoneProgress t)))
    (plist-put all :window (plist-put window :showDocument '(:support t)))))

(cl-defmethod eglot-handle-request ((server glossator-server) (_method (eql 'workspace/applyEdit)) &rest _params)
  "Apply an edit of SERVER's that was asked for, by `glossator-confirm-edits'."
  ;; What was just typed is told late, and the edit is for the text without it: once it is told, a new edit comes.
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and (eglot-managed-p) (eq server (eglot-current-server)))
        (eglot--signal-textDocument/didChange))))
  (cl-progv (list (if (boundp 'eglot-confirm-server-edits)
                      'eglot-confirm-server-edits
                    'eglot-confirm-server-initiated-edits))
      (list (and glossator-confirm-edits 'confirm))
    (cl-call-next-method)))

(cl-defmethod eglot-handle-request
  ((_server glossator-server) (_method (eql 'window/showDocument)) &key uri &allow-other-keys)
  "Show the document at URI; an answer in a buffer that is no file's."
  (let ((path (glossator--path uri)))
    (display-buffer (if (string-suffix-p ".md" path)
                        (glossator--answer path)
                      (find-file-noselect path))))
  '(:success t))

(defun glossator--answer (path)
  "A buffer with the answer in the file PATH, whose text is nobody's to trust."
  (with-current-buffer (get-buffer-create "*Glossator*")
    (let ((inhibit-read-only t))
      (erase-buffer)
      (let ((coding-system-for-read 'utf-8))
        (insert-file-contents path)))
    (if (fboundp 'gfm-view-mode)
        (funcall 'gfm-view-mode)
      (special-mode))
    (visual-line-mode)
    (goto-char (point-min))
    (current-buffer)))

(cl-defmethod eglot-handle-request
  ((_server glossator-server) (_method (eql 'window/workDoneProgress/create)) &rest _params)
  "Take a token: progress is shown as it comes."
  nil)

(cl-defmethod eglot-handle-notification
  ((server glossator-server) (_method (eql '$/progress)) &key token value &allow-other-keys)
  "Show in the mode line what SERVER works on, by TOKEN and VALUE."
  (if (not (slot-value server 'own-progress))
      (cl-call-next-method)
    (let* ((work (slot-value server 'work))
           (title (or (plist-get value :title) (cadr (assoc token work)))))
      (setq work (cl-remove token work :key #'car :test #'equal))
      (unless (equal (plist-get value :kind) "end")
        (push (list token title (plist-get value :message)) work))
      (setf (slot-value server 'work) work)
      (force-mode-line-update t))))

(defun glossator--line ()
  "What the server of this buffer works on, for the mode line."
  (when-let* ((server (and (eglot-managed-p) (eglot-current-server)))
              (work (and (cl-typep server 'glossator-server)
                         (car (slot-value server 'work)))))
    (replace-regexp-in-string "%" "%%" (concat " " (string-join (remq nil (cdr work)) ": ")))))

(add-to-list 'mode-line-misc-info '(:eval (glossator--line)) t)

;;; Commands

(defun glossator--server ()
  "The server of this buffer."
  (or (eglot-current-server)
      (user-error "No server runs in this buffer; start Glossator with M-x glossator")))

(defun glossator--path (uri)
  "The file that URI names."
  (if (fboundp 'eglot-uri-to-path)
      (eglot-uri-to-path uri)
    (eglot--uri-to-path uri)))

(defun glossator--uri ()
  "The address of this buffer's file."
  (unless buffer-file-name
    (user-error "Save the buffer to a file first"))
  (if (fboundp 'eglot-path-to-uri)
      (eglot-path-to-uri buffer-file-name)
    (eglot--path-to-uri buffer-file-name)))

(defun glossator--position (point)
  "The place of POINT as the protocol has it.
Its columns count the code units that Eglot agreed on."
  (save-excursion
    (goto-char point)
    (list :line (1- (line-number-at-pos point t))
          :character (funcall (if (boundp 'eglot-current-linepos-function)
                                  (symbol-value 'eglot-current-linepos-function)
                                (symbol-value 'eglot-current-column-function))))))

(defun glossator--execute (command argument)
  "Run COMMAND of the server's with ARGUMENT, a property list, without waiting."
  (jsonrpc-async-request
   (glossator--server) :workspace/executeCommand
   (list :command command :arguments (vector argument))
   :deferred (intern command)           ; after what was just typed
   :success-fn #'ignore
   :error-fn (lambda (reason)
               (message "Glossator: %s" (plist-get reason :message)))))

(defun glossator-run (action &optional instruction)
  "Run ACTION, a name like \"explain\", on the region or at point.
INSTRUCTION are words for the model.  Actions of prompt files of
your own are run in the same way."
  (interactive (list (read-string "Action: " "explain")
                     (read-string "Instruction (may be empty): ")))
  (let ((argument (list :action action
                        :uri (glossator--uri)
                        :position (glossator--position (point)))))
    (when (use-region-p)
      (setq argument (append argument
                             (list :range (list :start (glossator--position (region-beginning))
                                                :end (glossator--position (region-end)))))))
    (when (and instruction (not (string-empty-p instruction)))
      (setq argument (append argument (list :instruction instruction))))
    (glossator--execute "glossator.run" argument)))

(defmacro glossator--define (name action doc &optional prompt)
  "Define the command NAME to run ACTION; its documentation is DOC.
PROMPT asks for an instruction."
  `(defun ,name ,(if prompt '(instruction) '())
     ,doc
     (interactive ,@(and prompt `((list (read-string ,prompt)))))
     (glossator-run ,action ,@(and prompt '(instruction)))))

(glossator--define glossator-explain "explain" "Say what the code at point does.")
(glossator--define glossator-explain-more "explain_more" "Say in full what the code at point does.")
(glossator--define glossator-explain-problem "explain_problem" "Say what the problem at point means.")
(glossator--define glossator-refactor "refactor" "Rewrite the code at point by INSTRUCTION." "How? ")
(glossator--define glossator-fix "fix" "Repair the code at point.")
(glossator--define glossator-document "document" "Document the definition at point.")
(glossator--define glossator-annotate "annotate" "Add type hints to the definition at point.")
(glossator--define glossator-simplify "simplify" "Say the same in less code.")
(glossator--define glossator-write-tests "write_tests" "Write tests for the definition at point.")
(glossator--define glossator-find-bugs "find_bugs" "List what looks wrong in the code at point.")
(glossator--define glossator-ask "ask" "Ask INSTRUCTION about the code at point." "Question: ")

(defun glossator-stop ()
  "Stop all that Glossator works on."
  (interactive)
  (glossator--execute "glossator.stop" (make-hash-table)))

(defun glossator--turn (command)
  "Run COMMAND, to put another repair in the place of the one in the buffer."
  (glossator--execute command (list :uri (glossator--uri) :position (glossator--position (point)))))

(defun glossator-next ()
  "Put the next of the repairs that were found in the place of this one."
  (interactive)
  (glossator--turn "glossator.next"))

(defun glossator-previous ()
  "Put the previous of the repairs that were found in the place of this one."
  (interactive)
  (glossator--turn "glossator.previous"))

(provide 'glossator)
;;; glossator.el ends here
