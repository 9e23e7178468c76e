import '../../ui/base.css'
import '../../ui/night.css'
import './display.css'
import './narrow.css'
import { mount } from '../../shared/mount'
import { keepScreenOn } from '../../ui/wake-lock'
import type { DisplayKinds } from './kinds'
import { DisplayPage } from './page'

document.documentElement.classList.add('wall')
mount<DisplayKinds>('display', DisplayPage, false)
keepScreenOn(true)
