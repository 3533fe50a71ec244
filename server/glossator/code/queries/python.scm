; How to read these files: a section begins with two semicolons and its topic.
; outline: @def.KIND a definition, @name, @declarator (the name is inside), @body, @parameters, @receiver;
;          @inner in @wrap: a definition is the whole of the wrapper; @decorator; @above: stands before what it is about;
;          @comment; @import.
; calls:   @callee the name that is called.
; facts:   @raise the raised thing, @return a statement that gives a value, @yield, @write something that is written to (@mutator: by
;          which method).
; names:   @name what may stand for something that is defined elsewhere.
; reads:   @field a part of @object, which may be the own object; @bare what may be a field without one.
; sets:    @set what gives a value: @to the expression that gets it, @through one that is read for it, too, or @declares the
;          field of the class around, or of the class @of.
; brings:  @from what brings names in, passes names on or says which package the file belongs to.

;; outline
(function_definition name: (_) @name parameters: (_) @parameters body: (_) @body) @def.function
(class_definition name: (_) @name body: (_) @body) @def.class
(module (expression_statement (assignment left: (identifier) @name) @def.variable))
(type_alias_statement left: (type (identifier) @name)) @def.type
(decorated_definition definition: (_) @inner) @wrap
(decorator) @decorator
(comment) @comment
(import_statement) @import
(import_from_statement) @import
(future_import_statement) @import

;; calls
(call function: (identifier) @callee)
(call function: (attribute attribute: (identifier) @callee))
(decorator (identifier) @callee)
(decorator (attribute attribute: (identifier) @callee))

;; facts
(raise_statement . (identifier) @raise)
(raise_statement . (attribute) @raise)
(raise_statement . (call function: (_) @raise))
(return_statement . (_) @return)
(yield) @yield
(assignment left: (subscript value: (_) @write))
(assignment left: (attribute object: (_) @write))
(augmented_assignment left: (subscript value: (_) @write))
(augmented_assignment left: (attribute object: (_) @write))
(delete_statement (subscript value: (_) @write))
(delete_statement (attribute object: (_) @write))
(call function: (attribute object: (_) @write attribute: (identifier) @mutator))

;; functions
(function_definition) @function

;; names
(identifier) @name

;; brings
(import_statement) @from
(import_from_statement) @from

;; reads
(attribute object: (identifier) @object attribute: (identifier) @field)

;; sets
(assignment left: (_) @to) @set
(augmented_assignment left: (_) @through) @set
(for_statement left: (_) @to right: (_) @set)
(with_item (as_pattern (as_pattern_target) @to)) @set
(class_definition body: (block (expression_statement (assignment left: (identifier) @declares) @set)))
(class_definition body: (block (expression_statement (assignment left: (pattern_list (identifier) @declares)) @set)))
