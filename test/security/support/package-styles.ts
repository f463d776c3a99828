interface PackageStyle {
  readonly files: Readonly<Record<string, string>>
  /** What it exports as `said`. */
  readonly says: unknown
}

const one = (code: string, says: unknown): PackageStyle => ({ files: { 'index.js': code }, says })

// As compilers write the inheritance of classes for the language of 2009, in strict code.
const EXTENDS_2009 = `
  var extendStatics = function (d, b) {
    extendStatics = Object.setPrototypeOf || ({ __proto__: [] } instanceof Array && function (d, b) { d.__proto__ = b })
    return extendStatics(d, b)
  }
  function __extends(d, b) {
    extendStatics(d, b)
    function __() { this.constructor = d }
    d.prototype = b === null ? Object.create(b) : ((__.prototype = b.prototype), new __())
  }`

const EXTENDS_HELPERS = `
  function _inherits(sub, base) {
    sub.prototype = Object.create(base && base.prototype, { constructor: { value: sub, writable: true, configurable: true } })
    Object.defineProperty(sub, 'prototype', { writable: false })
    if (base) Object.setPrototypeOf ? Object.setPrototypeOf(sub, base) : (sub.__proto__ = base)
  }
  function _wrapNativeSuper(Class) {
    function Wrapper() { return Reflect.construct(Class, arguments, Object.getPrototypeOf(this).constructor) }
    Wrapper.prototype = Object.create(Class.prototype, {
      constructor: { value: Wrapper, enumerable: false, writable: true, configurable: true },
    })
    return Object.setPrototypeOf(Wrapper, Class)
  }
  function _createClass(Class, methods) {
    for (var i = 0; i < methods.length; i++) {
      methods[i].configurable = true
      if ('value' in methods[i]) methods[i].writable = true
      Object.defineProperty(Class.prototype, methods[i].key, methods[i])
    }
    return Class
  }`

export const PACKAGES: Readonly<Record<string, PackageStyle>> = {
  'constructors and prototypes, with util.inherits': {
    files: {
      'inherits.js': `
        module.exports = function inherits(ctor, superCtor) {
          ctor.super_ = superCtor
          ctor.prototype = Object.create(superCtor.prototype, { constructor: { value: ctor, writable: true, configurable: true } })
        }`,
      'index.js': `
        'use strict'
        var inherits = require('./inherits')
        function Emitter() { this._events = {} }
        Emitter.prototype.on = function (name, listener) { (this._events[name] = this._events[name] || []).push(listener); return this }
        Emitter.prototype.emit = function (name, value) { (this._events[name] || []).forEach(function (each) { each(value) }) }
        Emitter.prototype.toString = function () { return '[an emitter]' }
        Emitter.prototype.valueOf = function () { return 7 }
        function Failure(message) { Error.call(this); if (Error.captureStackTrace) Error.captureStackTrace(this, Failure); this.message = message }
        inherits(Failure, Error)
        Failure.prototype.name = 'Failure'
        Failure.prototype.constructor = Failure
        function Door() { Emitter.call(this) }
        inherits(Door, Emitter)
        var heard = []
        new Door().on('knock', function (who) { heard.push(who) }).emit('knock', 'ann')
        var failure = new Failure('shut')
        exports.said = [heard, String(new Door()), +new Door(), String(failure), failure instanceof Error, typeof failure.stack, Door.super_ === Emitter]`,
    },
    says: [['ann'], '[an emitter]', 7, 'Failure: shut', true, 'string', true],
  },

  'classes compiled for the language of 2009': one(
    `'use strict'
     ${EXTENDS_2009}
     var Fault = (function (_super) {
       __extends(Fault, _super)
       function Fault(message) {
         var _this = _super.call(this, message) || this
         Object.setPrototypeOf(_this, Fault.prototype)
         _this.name = 'Fault'
         return _this
       }
       return Fault
     })(Error)
     var Base = (function () { function Base() { this.hasOwnProperty('x') } Base.prototype.toString = function () { return 'base' }; return Base })()
     var Child = (function (_super) { __extends(Child, _super); function Child() { return (_super !== null && _super.apply(this, arguments)) || this } return Child })(Base)
     var fault = new Fault('no')
     exports.said = [String(fault), fault instanceof Fault, fault.constructor === Fault, String(new Child()), new Child().constructor === Child]`,
    ['Fault: no', true, true, 'base', true],
  ),

  'classes of dates, maps and functions compiled for the language of 2009': one(
    `'use strict'
     ${EXTENDS_2009}
     exports.said = [Date, Map, Set, Function, AggregateError].map(function (Native) {
       function Own() {}
       __extends(Own, Native)
       return Own.prototype.constructor === Own && Object.create(Own.prototype) instanceof Native
     })`,
    [true, true, true, true, true],
  ),

  'classes by the helpers of a transpiler': one(
    `'use strict'
     ${EXTENDS_HELPERS}
     var Stack = (function (_Array) {
       function Stack() { var _this = Reflect.construct(_Array, arguments, Stack); return _this }
       _inherits(Stack, _Array)
       return _createClass(Stack, [{ key: 'top', get: function get() { return this[this.length - 1] } }])
     })(_wrapNativeSuper(Array))
     var Oops = (function (_Error) {
       function Oops(m) { return Reflect.construct(_Error, [m], Oops) }
       _inherits(Oops, _Error)
       return _createClass(Oops, [{ key: 'loud', value: function () { return this.message.toUpperCase() } }])
     })(_wrapNativeSuper(Error))
     var stack = new Stack()
     stack.push(1, 2)
     exports.said = [stack.top, stack.length, new Oops('x').loud(), new Oops('y') instanceof Error]`,
    [2, 2, 'X', true],
  ),

  'two builds, chosen by process.env.NODE_ENV': {
    files: {
      'index.js':
        "if (process.env.NODE_ENV !== 'production') { module.exports = require('./dev.js') } else { module.exports = require('./prod.js') }",
      'dev.js': "exports.said = 'development'",
      'prod.js': 'exports.said = process.env.NODE_ENV',
    },
    says: 'production',
  },

  'wrapped for every kind of module, looking for the global object': one(
    `;(function (root, factory) {
       if (typeof define === 'function' && define.amd) define([], factory)
       else if (typeof module === 'object' && module.exports) module.exports = factory()
       else root.Lib = factory()
     })(typeof self !== 'undefined' ? self : this, function () {
       var freeGlobal = typeof global == 'object' && global && global.Object === Object && global
       var root = freeGlobal || Function('return this')()
       var tag = Object.prototype.toString
       root.__lib_cache__ = { hits: 1 }
       return { said: [root === globalThis, tag.call([]), tag.call(null), typeof root.setTimeout, root.Array === Array, globalThis.__lib_cache__.hits] }
     })`,
    [true, '[object Array]', '[object Null]', 'function', true, 1],
  ),

  'polyfills of what is there already': one(
    `'use strict'
     if (!Array.prototype.includes) Array.prototype.includes = function () {}
     if (!Object.assign) Object.assign = function () {}
     Object.entries || (Object.entries = function () {})
     globalThis.global = globalThis.global || globalThis
     exports.said = [[1, [2]].flat().includes(2), typeof global]`,
    [true, 'object'],
  ),

  'the usual way to have a bigint in JSON': one(
    `'use strict'
     BigInt.prototype.toJSON = function () { return this.toString() }
     exports.said = { amount: 12345678901234567890n }`,
    { amount: '12345678901234567890' },
  ),

  'stacks, longer ones and as a list of places': one(
    `'use strict'
     var limit = Error.stackTraceLimit
     Error.stackTraceLimit = 50
     var longer = Error.stackTraceLimit
     Error.stackTraceLimit = limit
     var before = Error.prepareStackTrace
     Error.prepareStackTrace = function (_, places) { return places }
     var holder = {}
     Error.captureStackTrace(holder)
     var had = typeof holder.stack
     Error.prepareStackTrace = before
     exports.said = [longer, limit === Error.stackTraceLimit, had === 'string' || had === 'object', typeof new Error('x').stack]`,
    [50, true, true, 'string'],
  ),

  'a number library that builds its prototype by assignment': one(
    `'use strict'
     function Big(n) { if (!(this instanceof Big)) return new Big(n); this.n = n; this.constructor = Big }
     var P = Big.prototype = {}
     P.constructor = Big
     P.plus = function (o) { return new Big(this.n + o.n) }
     P.toString = P.valueOf = P.toJSON = function () { return 'big ' + this.n }
     P.toLocaleString = function () { return 'here ' + this.n }
     P[Symbol.toStringTag] = 'Big'
     Big.toString = function () { return 'a constructor' }
     exports.said = [String(Big(1).plus(Big(2))), Big(3).toLocaleString(), JSON.stringify({ b: Big(4) }), String(Big), Object.prototype.toString.call(Big(5))]`,
    ['big 3', 'here 3', '{"b":"big 4"}', 'a constructor', '[object Big]'],
  ),

  'an emitter whose table has no prototype': one(
    `'use strict'
     var has = Object.prototype.hasOwnProperty, prefix = '~'
     function Events() {}
     if (Object.create) { Events.prototype = Object.create(null); if (!new Events().__proto__) prefix = false }
     function EE() { this._events = new Events(); this._eventsCount = 0 }
     EE.prototype.on = function (event, fn) { this._events[prefix ? prefix + event : event] = fn; this._eventsCount++ }
     EE.prototype.names = function () { var names = []; for (var name in this._events) if (has.call(this._events, name)) names.push(name); return names }
     EE.prefixed = prefix
     EE.EventEmitter = EE
     var ee = new EE(); ee.on('constructor', 1); ee.on('toString', 2); ee.on('__proto__', 3)
     exports.said = [ee.names(), prefix]`,
    [['constructor', 'toString', '__proto__'], false],
  ),

  'generators by a runtime of their own': one(
    `'use strict'
     var proto = {}
     proto[Symbol.iterator] = function () { return this }
     var native = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))
     function Generator() {}
     function GeneratorFunction() {}
     var Gp = Generator.prototype = Object.create(native)
     GeneratorFunction.prototype = Gp.constructor = GeneratorFunction
     Gp[Symbol.toStringTag] = 'Generator'
     Gp.toString = function () { return '[object Generator]' }
     Gp.next = function () { return { value: this.i, done: this.i++ >= 2 } }
     Gp.return = function () { return { done: true } }
     var g = Object.create(Gp); g.i = 0
     exports.said = [Array.from(g), String(g)]`,
    [[0, 1], '[object Generator]'],
  ),

  'dates, functions and errors with members of their own': one(
    `'use strict'
     var date = new Date(0); date.toJSON = function () { return 'a date' }; date.toString = function () { return 'day' }
     var fn = function () {}; fn.toString = function () { return 'fn' }; fn.constructor = 1
     var error = new TypeError('a'); error.name = 'N'; error.message = 'm'; error.stack = 's'; error.cause = 'c'; error.toJSON = function () { return 'e' }
     var list = []; list.toString = function () { return 'list' }; list.toJSON = function () { return 'l' }
     exports.said = [JSON.stringify([date, error, list]), String(date), String(fn), fn.constructor, String(error), error.stack, error.cause, String(list)]`,
    ['["a date","e","l"]', 'day', 'fn', 1, 'N: m', 's', 'c', 'list'],
  ),

  'namespaces and enums, merged': one(
    `'use strict'
     Object.defineProperty(exports, '__esModule', { value: true })
     exports.default = exports.said = void 0
     var Level; (function (Level) { Level[(Level['Low'] = 0)] = 'Low'; Level[(Level['High'] = 1)] = 'High' })(Level || (Level = {}))
     var __assign = function () { __assign = Object.assign || function () {}; return __assign.apply(this, arguments) }
     var __awaiter = function (self, args, P, generator) { return new (P || (P = Promise))(function (resolve) { resolve(generator.apply(self, args)) }) }
     __awaiter(void 0, void 0, void 0, function () { return 1 })
     exports.said = [Level.High, Level[0], __assign({ a: 1 }, { b: 2 })]`,
    [1, 'Low', { a: 1, b: 2 }],
  ),
}

/** What a package cannot do here: each ends in an error that says where. */
export const REFUSED: Readonly<Record<string, string>> = {
  'a polyfill that is put there in any case': 'Array.prototype.flat = function () {}',
  'a method for all strings': "String.prototype.shout = function () { return this + '!' }",
  'another JSON': 'JSON.stringify = function () {}',
  'an array with a push of its own': 'var list = []; list.push = function () {}',
  'a promise with a then of its own': 'var promise = Promise.resolve(); promise.then = function () {}',
  'a class of arrays compiled for the language of 2009': `${EXTENDS_2009}; __extends(function Own() {}, Array)`,
  'what every error has': "Error.prototype.shared = 'x'",
  'a place where every error leaves word': 'Error.seen = []',
}
