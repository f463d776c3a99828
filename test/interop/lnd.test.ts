import { lndDriver } from './drivers/lnd.ts'
import { register } from './register.ts'

register(lndDriver)
