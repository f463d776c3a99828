import { ldkDriver } from './drivers/ldk.ts'
import { register } from './register.ts'

register(ldkDriver)
